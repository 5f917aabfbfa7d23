"""When to stop a trial. Pure."""
