"""Public contract suites for algorithms, stores and executors; needs pytest."""
