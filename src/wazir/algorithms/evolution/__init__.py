"""Evolutionary algorithms: a population of points from which new ones are made."""
