"""Places where a trial's program can run, behind one protocol."""
