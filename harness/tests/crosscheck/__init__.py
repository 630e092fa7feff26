"""The suite against others: plain loops from the paper's text, transformers, TransformerLens, the paper's scripts."""
