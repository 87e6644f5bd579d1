"""The Fourier (wavenumber) beamformer: `beamformer.py` is the way in, `plan.py` its tables, the engines do the work."""
