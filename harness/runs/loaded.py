"""The model and the tokenizer of a run, loaded once a process, when the first run asks for them.

A process holds one model: before another is loaded, it lets go of the first.
"""

import gc
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.models.source import ModelSource
from harness.runs.run import Run
from harness.seeds import stream
from harness.store import Store

if TYPE_CHECKING:
    from harness.models.language_model import LanguageModel
    from harness.prompts import PromptBuilder


def builder_of(run: Run, store: Store) -> "PromptBuilder":
    """Return the prompt builder of the run's model."""
    return load_builder(run.model, store.root)


def model_of(run: Run, store: Store) -> "LanguageModel":
    """Return the run's model: the trained one, or the rival that its variant names."""
    place = (run.model, store.root, run.device, run.dtype)
    if run.variant.weights == "trained" or run.demonstrations is None:
        return load_trained(*place)
    names = ("rival", run.variant.weights, *run.variant.names)
    return _rival(*place, run.variant.weights, run.demonstrations.seed, names)


def let_go() -> None:
    """Free the model that this process holds, and what was made of it; its next run loads it again."""
    load_builder.cache_clear()
    _forget_weights()


def _forget_weights() -> None:
    _rival.cache_clear()
    load_trained.cache_clear()
    gc.collect()  # a network's hooks and its modules may hold one another


@lru_cache(maxsize=1)
def load_builder(model: ModelSource, root: Path) -> "PromptBuilder":
    """Return the model's tokenizer and layout; no weights are read."""
    from harness.models.loading import load_prompt_builder, quiet_transformers  # noqa: PLC0415  # slow import

    quiet_transformers()
    return load_prompt_builder(model, root)


@lru_cache(maxsize=1)
def load_trained(model: ModelSource, root: Path, device: str, dtype: str) -> "LanguageModel":
    """Return the trained model; one that was loaded before is let go of first, so that memory need hold only one."""
    from harness.models.loading import load_model  # noqa: PLC0415  # slow import

    _forget_weights()
    _ = load_builder(model, root)
    return load_model(model, root, device, dtype)


@lru_cache(maxsize=1)
def _rival(
    model: ModelSource, root: Path, device: str, dtype: str, weights: str, seed: int, names: tuple[str | int, ...]
) -> "LanguageModel":
    from harness.models import untrained  # noqa: PLC0415  # slow import

    make = {
        "fresh": untrained.fresh_weights,
        "shuffled": untrained.shuffled_weights,
        "embeddings": untrained.fresh_between_embeddings,
        "norms": untrained.fresh_between_norms,
    }
    return make[weights](load_trained(model, root, device, dtype), stream(seed, *names))
