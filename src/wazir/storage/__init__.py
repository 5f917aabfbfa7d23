"""What must not be lost: the Store protocol and its implementations."""
