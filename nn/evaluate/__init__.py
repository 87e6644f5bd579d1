"""How well every enhancement does, on phantoms whose truth is known: arrays in, figures out."""
