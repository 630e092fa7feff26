"""The suite against others: plain loops from the paper's text, transformers, other packages, the paper's scripts."""
