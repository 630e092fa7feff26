"""Tests of harness/models, on tiny models that are made on the spot."""
