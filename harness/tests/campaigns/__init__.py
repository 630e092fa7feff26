"""Random campaigns: things that others may have made, mutated by grammar, each to be answered by a result or a message.

`python -m harness.tests.campaigns [NAME ...] --minutes 5 --seed 0` runs them at length; `make test` a few of each.
"""
