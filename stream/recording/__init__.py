"""Recordings in files: ours and other people's. Knows no socket."""
