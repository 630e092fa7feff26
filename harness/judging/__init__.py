"""Claims and verdicts as data, comparisons, exhibits, the judge, and what was expected."""
