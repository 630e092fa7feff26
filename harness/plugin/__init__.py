"""The pytest plugin: options, verdicts as outcomes, the report at the end."""
