"""Images on their way out of the program, as files that others open; `image_format.py` tells what a format is."""
