"""Sinks: where frames end up. `sink.py` tells what one is."""
