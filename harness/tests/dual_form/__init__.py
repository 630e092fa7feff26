"""Facts about the theory: identities to rounding, exact small cases, and counterexamples."""
