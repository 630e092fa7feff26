"""The untrained models that O1, O2 and the ladder hold the trained one to: Deutch et al.'s two, arXiv 2311.07772."""

from harness.runs.variants import Variant

MODELS = {
    "trained": Variant(),
    "embeddings kept": Variant(weights="embeddings"),
    "norms kept": Variant(weights="norms"),
}
"""What each keeps of training: all; embeddings, norms and unembedding; or norms alone. The rest is drawn anew."""
