"""Tests: the folders mirror harness/, file for file."""
