"""Study and Trial handles: what a Python user holds."""
