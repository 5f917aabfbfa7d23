"""Models of what was seen: Gaussian process and kernels, numpy only."""
