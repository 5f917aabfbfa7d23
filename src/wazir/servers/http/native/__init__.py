"""Our own API under /api/v1: what our client and the dashboard need."""
