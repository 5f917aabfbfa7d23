"""Wazir: give it a program and a search space; it finds the hyperparameters."""
