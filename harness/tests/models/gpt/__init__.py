"""Tests of the small GPTs."""
