"""Adapters: one ask/tell interface to each optimizer of the benchmark, and the host they run in."""
