"""Delay-and-sum: the plain reference that every other beamformer is held against."""
