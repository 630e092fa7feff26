"""A small GPT to train from scratch, with the attention of your choice."""
