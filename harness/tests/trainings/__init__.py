"""Tests of harness/trainings."""
