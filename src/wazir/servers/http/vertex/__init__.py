"""The API of Vertex AI Vizier v1 over REST, for Google's clients as they are."""
