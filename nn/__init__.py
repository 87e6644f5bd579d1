"""Networks, zero-shot training, export and the Enhancer."""
