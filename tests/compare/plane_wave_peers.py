"""`make bench-peers`: 11 plane waves x 128 elements x 2048 samples through our beamformer and through other people's.

Every image is delay-and-sum of the same waves with the same receive taper, compounded coherently. Prints a Markdown
table; `peers/comparison.py` tells how it is measured.
"""

from peers import comparison, ours, plain_numba, pymust_matrices, ultraspy_das, ustb_das, vbeam_jax
from peers.scene import Scene

if __name__ == "__main__":
    peers = (plain_numba, pymust_matrices, ultraspy_das, ustb_das, vbeam_jax)
    comparison.compare(Scene.of_plane_waves(), (ours, *peers))
