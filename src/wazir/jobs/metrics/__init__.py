"""Find the metric of a trial without touching its program."""
