"""Planted errors: wrong implementations of the measuring and judging code, each of which the tests must catch."""
