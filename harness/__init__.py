"""Verification suite for claims that in-context learning works like gradient descent."""

__version__ = "0.1.0"
