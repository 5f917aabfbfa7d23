"""The guard against regressions of the default optimizer: a few minutes, a stated error rate."""
