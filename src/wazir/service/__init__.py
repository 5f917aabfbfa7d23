"""The use cases: create, suggest, measure, complete, stop, lease."""
