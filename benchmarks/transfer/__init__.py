"""What earlier studies are worth, right and wrong ones."""
