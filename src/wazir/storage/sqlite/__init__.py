"""Studies in one SQLite file, for any number of processes of one machine."""
