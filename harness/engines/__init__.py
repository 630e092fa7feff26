"""Ways to run a plan of records."""
