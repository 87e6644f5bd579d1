"""Transmit sequences, and the way between their shots and the full matrix of single elements."""
