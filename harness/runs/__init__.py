"""Runs of a model as records: what is computed once, and found again."""
