"""Tests of harness/evidence."""
