"""`make bench-peers`: whole frames through the Fourier beamformer and through other people's delay-and-sum.

Prints a Markdown table; `peers/comparison.py` tells how it is measured.
"""

from peers import comparison, ours, plain_numba, pymust_matrices, ultraspy_das, ustb_das, vbeam_jax
from peers.scene import Scene

if __name__ == "__main__":
    peers = (plain_numba, pymust_matrices, ultraspy_das, ustb_das, vbeam_jax)
    comparison.compare(Scene.of_single_elements(), (ours, *peers))
