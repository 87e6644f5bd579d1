"""Phantoms and the simulation of their channel data."""
