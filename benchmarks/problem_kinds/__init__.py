"""Problems that are more than one number over a fixed space: several objectives, and their like."""
