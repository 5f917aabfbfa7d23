"""Tuning jobs: run a program once per trial and read its metric."""
