"""Small models trained from scratch: one training, the grid of them, what they are asked."""
