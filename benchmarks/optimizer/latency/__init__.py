"""What a suggestion costs: CPU against the number of trials, first suggestion, memory, size."""
