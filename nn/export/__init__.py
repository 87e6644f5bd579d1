"""What is derived from a model for those who run it: a TorchScript file, a package of machine code, notes of both."""
