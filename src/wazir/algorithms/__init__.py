"""What to try next, as pure functions of a study and its trials."""
