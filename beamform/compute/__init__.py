"""What the beamformers compute with: compiled kernels, vectors, FFTs, a pool of threads. Know no ultrasound."""
