"""Finding what can be tuned in a program without training it."""
