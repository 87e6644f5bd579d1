"""Sources: where frames come from. `source.py` tells what one is."""
