"""Runs the pipeline: stages in threads or processes, their loops, their supervision."""
