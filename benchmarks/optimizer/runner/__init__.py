"""Runs of optimizers on problems, recorded as JSON lines."""
