"""Whether finetuning's answers are the data's or the last bit's: the same steps from weights off by their last bit.

Where rounding grows step by step until it decides answers, another processor, kernel or number of threads gives other
ones, and no figure made of them can be repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.data import JSON, Setting
from harness.runs.finetuning import FinetuningRun, finetune_all
from harness.runs.loaded import model_of
from harness.runs.prompting import prompts_of
from harness.runs.run import Run
from harness.runs.scoring import AccuracyRun, RecordingRun
from harness.seeds import stream
from harness.store import Entry, Record, Store

CHAOTIC = 0.5
"""How far a query's logits may move, in gaps between the two best answers: by half of one two can meet.

Measured with the default model and 32 demonstrations, on movie sentences: at learning rate 0.03 the largest move was
two to four gaps, and with the draw of the bits 4 to 9 of 50 answers changed; at 0.01 it was under 0.001, and none did.
"""


ROSE = 1.0
"""How far above the first step's a step's loss may be, in nats a token, before steadiness is in doubt.

What makes a change in the last bit a million times larger in 32 steps does the same to all that the steps themselves
have in that direction, and the loss shows it. Measured with the default model on movie sentences: of the finetunings on
five sets under own, random and re-ordered labels the one that was chaotic (answers moved by 1.5 gaps) rose by 2.4, and
no other by more than 1.2; of layer-causal ones, which were steady (2e-5), two of five rose by 1.3 and 1.4.
"""


@dataclass(frozen=True)
class Steadiness:
    """How far the last bit of the weights moves the answers that finetuning leaves."""

    moved: float | None
    """Largest move of an answer's logit, of all queries, over the median gap between the two best; None where the same
    steps then diverge."""

    @property
    def chaotic(self) -> bool:
        """Whether rounding decides answers."""
        return self.moved is None or self.moved > CHAOTIC

    @property
    def words(self) -> str:
        """How far answers move, in units of the usual gap between the two best."""
        if self.moved is None:
            return "diverges"
        return f"{self.moved:.2g} times their gap{', chaotic' if self.chaotic else ''}"


class SteadinessRun(Run):
    """A finetuning and the answers after it, once more with the trained weights off by their last bit at the start."""

    kinds = ("steadiness", "control_steadiness")
    says = "{task}: FT{tried} again, weights off by their last bit{where}"
    scores = finetunes = True

    @property
    def inputs(self) -> Sequence[Record]:
        """The same without the change; where its learning rate may have been lowered, also what it is."""
        return (self._finetuning, self._answers) if self.rates else (self._answers,)

    @property
    def _answers(self) -> Run:
        if not self.rates:
            return self.becoming(AccuracyRun)
        return self.becoming(RecordingRun)

    @property
    def _finetuning(self) -> FinetuningRun:
        return self.becoming(FinetuningRun, setting=None)

    def compute(self, store: Store) -> Entry:
        """Return in the facts how far answers moved (see `Steadiness`); HarnessError as finetuning and scoring."""
        from harness.models.finetuning import off_by_a_bit  # noqa: PLC0415  # slow import
        from harness.models.scoring import score  # noqa: PLC0415

        model, before, moved = model_of(self, store), self.unchanged(store), None
        prompts, start = prompts_of(self, store), off_by_a_bit(model, stream(0, "last bit"))
        if before is not None:
            (left,) = finetune_all(self, store, [(prompts, self.rate(store))], start=start)
            if left.diverged_at is None:
                with model.with_weights(left.weights):
                    after = score(model, prompts, Setting.ZSL, record=False, batch_size=self.batch_size)
                moved = relative_move(before, after.label_logits)
        return Entry({}, {"moved": moved})

    def unchanged(self, store: Store) -> np.ndarray | None:
        """Return the answers' logits without the change [example, answer]; None where finetuning diverged."""
        answers = store.find_or_run(self._answers).tensors
        return answers["label_logits"].astype(np.float64) if answers else None

    def rate(self, store: Store) -> float:
        """Return the learning rate that was finetuned at."""
        if not self.rates:
            return self.finetuned_at
        return float(store.find_or_run(self._finetuning).facts["learning_rate"])  # type: ignore[arg-type]


def in_doubt(finetuned: JSON) -> bool:
    """Whether a loss of a finetuning, given by its facts, rose so far above the first step's that it is to be tried."""
    losses: Sequence[float] = finetuned["losses"]  # type: ignore[assignment]
    return max(losses) > losses[0] + ROSE


def steadiness_beside(run: FinetuningRun) -> SteadinessRun:
    """Return what tells whether a finetuning beside the claims' own is steady."""
    return run.becoming(SteadinessRun, setting=Setting.FT)


def relative_move(own: np.ndarray, other: np.ndarray) -> float:
    """Return the largest move of an answer's logit, of all examples, over the median gap between the two best.

    Shapes [example, answer], logits before and after a change. Where no answer is ahead of another, any move at all
    is infinitely more than the gap: the largest float stands for it.
    """
    best = np.sort(own, axis=1)
    moved, gap = float(np.abs(other - own).max()), float(np.median(best[:, -1] - best[:, -2]))
    if moved == 0:
        return 0.0
    return moved / gap if gap > 0 else float(np.finfo(np.float64).max)


def steadiness_of(entry: Entry) -> Steadiness:
    """Return what a `SteadinessRun` found."""
    return Steadiness(entry.facts["moved"])  # type: ignore[arg-type]
