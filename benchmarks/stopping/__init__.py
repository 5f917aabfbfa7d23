"""Early stopping on learning curves, simulated."""
