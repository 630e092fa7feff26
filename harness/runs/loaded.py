"""The model and the tokenizer of a run, loaded once a process, when the first run asks for them."""

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
        return _trained(*place)
    names = ("rival", run.variant.weights, *run.variant.names)
    return _rival(*place, run.variant.weights, run.demonstrations.seed, names)


@lru_cache(maxsize=1)
def load_builder(model: ModelSource, root: Path) -> "PromptBuilder":
    """Return the model's tokenizer and layout; no weights are read."""
    from harness.models.loading import load_prompt_builder, quiet_transformers  # noqa: PLC0415  # slow import

    quiet_transformers()
    return load_prompt_builder(model, root)


@lru_cache(maxsize=1)
def _trained(model: ModelSource, root: Path, device: str, dtype: str) -> "LanguageModel":
    from harness.models.loading import load_model  # noqa: PLC0415  # slow import

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
    return make[weights](_trained(model, root, device, dtype), stream(seed, *names))
