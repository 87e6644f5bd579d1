"""Point targets in an image: where they lie, how wide they are, what surrounds them."""
