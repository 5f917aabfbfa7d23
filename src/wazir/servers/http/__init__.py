"""The doors over HTTP: our own API, that of Vertex AI Vizier, and what operators need."""
