"""Tuning configurations: files of Cloud ML Engine and Vertex AI, read with all their errors."""
