"""The words of the field as frozen, self-validating values."""
