"""The controller of a tuning job as pure data: events in, instructions out."""
