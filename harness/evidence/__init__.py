"""What a claim may ask for: measurements, controls, exact checks."""
