"""Sources: where frames come from. `source.py` tells what one is, `opening.py` opens one."""
