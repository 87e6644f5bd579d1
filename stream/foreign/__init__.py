"""Recordings in other people's layouts: readers and writers, one a module."""
