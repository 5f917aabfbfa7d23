"""Settings and composition: the only place that picks implementations."""
