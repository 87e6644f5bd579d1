"""Enhancing images: what is chosen, on which device it runs and by what, and how it is exchanged while images come."""
