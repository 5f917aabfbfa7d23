"""The doors of a server: each translates requests to one call of the service."""
