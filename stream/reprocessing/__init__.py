"""Archives of recordings made into archives of images: what is to be done, what has been done, and who does it."""
