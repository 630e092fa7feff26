"""How a run differs from the claims' own: other weights, labels, order, task, gradient, update or training texts."""

from dataclasses import dataclass, fields, replace
from typing import Literal

ALWAYS = ("weights", "labels", "order", "another_task", "gradient")
"""In every key. What was added later is in a key only where it is not the default: older entries are still found."""


@dataclass(frozen=True)
class Variant:
    """What is other about a run; `Variant()` is the claims' own."""

    weights: Literal["trained", "fresh", "shuffled", "embeddings", "norms"] = "trained"
    """The last two are fresh but for the trained embeddings, norms and unembedding, or for the norms alone."""
    labels: Literal["gold", "random", "flipped"] = "gold"
    order: int = 0
    """0 is the order drawn; others are permutations of it, by number."""
    another_task: bool = False
    """In the context stand demonstrations of the next task; finetuning is the task's own."""
    gradient: Literal["whole", "layer_causal"] = "whole"
    update: Literal["finetuned", "random", "distilled_answers", "distilled_outputs"] = "finetuned"
    """Random: of the size of the one that finetuning makes, matrix by matrix, in a random direction. Distilled: fitted
    to ICL's distribution over the answer words, or to its attention outputs, on other queries; neither demonstrations
    nor answers are read (see `harness.models.distillation`)."""
    texts: Literal["demonstrations", "unrelated"] = "demonstrations"
    """What finetuning reads. Unrelated: as many sentences that are no demonstrations and have no label."""
    draw: int = 0
    """Which draw of what is drawn: rivals' weights, random labels, permutations, random updates, unrelated texts."""

    @property
    def changes_icl(self) -> bool:
        """Whether ICL differs from the claims' own."""
        return self.of_context != Variant()

    @property
    def changes_ft(self) -> bool:
        """Whether finetuning differs from the claims' own."""
        return self.of_finetuning != Variant()

    @property
    def of_finetuning(self) -> "Variant":
        """What of it reaches finetuning: another task's demonstrations do not."""
        return _settled(replace(self, another_task=False))

    @property
    def of_context(self) -> "Variant":
        """What of it reaches ICL: nothing of how the weights are changed, or on what texts."""
        return _settled(replace(self, gradient="whole", update="finetuned", texts="demonstrations"))

    @property
    def of_training(self) -> "Variant":
        """What of it reaches the steps of finetuning: a random update stands in for those of the rest."""
        return _settled(replace(self.of_finetuning, update="finetuned"))

    @property
    def of_tuning(self) -> "Variant":
        """What a learning rate is selected for: the steps, of the first draw; all draws then take its rate."""
        return replace(self.of_training, draw=0)

    @property
    def of_zero_shot(self) -> "Variant":
        """What of it reaches ZSL, which has neither demonstrations nor finetuning: the weights, and their draw."""
        return Variant(weights=self.weights, draw=self.draw if self.weights != "trained" else 0)

    @property
    def imitates(self) -> str | None:
        """What of ICL the weights are fitted to, answers or outputs; None where they are not."""
        kind, _, what = self.update.partition("_")
        return what if kind == "distilled" else None

    @property
    def key(self) -> dict[str, object]:
        """Return what of it is in a key."""
        shown = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in shown.items() if name in ALWAYS or name in self._changed}

    @property
    def words(self) -> str:
        """Return what is other about it."""
        return ", ".join(f"{name} {value}" for name, value in self._changed.items()).replace("_", " ")

    @property
    def names(self) -> tuple[int, ...]:
        """Return what the draw adds to the names of a random stream: nothing for the first."""
        return (self.draw,) if self.draw else ()

    @property
    def _changed(self) -> dict[str, object]:
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}


def _settled(variant: Variant) -> Variant:
    """Return the variant, of the first draw where nothing is drawn."""
    drawn = variant.weights, variant.labels == "random", variant.order, variant.update, variant.texts
    return replace(variant, draw=0) if drawn == ("trained", False, 0, "finetuned", "demonstrations") else variant


OWN = Variant()
"""The claims' own."""
