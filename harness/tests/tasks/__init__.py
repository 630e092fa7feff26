"""Tests of harness.tasks, one file a module."""
