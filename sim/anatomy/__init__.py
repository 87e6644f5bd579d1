"""Phantoms that look like anatomy: `family` has the list of what is painted, each ingredient is a module."""
