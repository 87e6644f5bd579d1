"""Transforms: the stages between source and sinks. `transform.py` tells what one is."""
