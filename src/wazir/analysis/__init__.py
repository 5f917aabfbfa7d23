"""What was learned from a study. Pure: no I/O, no threads, no clock."""
