"""Supervised models beside ICL: trained on the labels of a task's pool, asked the same test examples (C3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.data import Example, Task
from harness.models.encoder import Encoder
from harness.prompts import draw_demonstrations, first_examples
from harness.runs.run import Demonstrations
from harness.seeds import stream
from harness.store import Entry, Record, Store

if TYPE_CHECKING:
    from harness.models.classifiers import NGramCounts

VERSION = 1
"""Raised when what is trained changes, so that none is read from an older store."""
LABELS_A_UNIT = 200.0
"""Labels on whose n-grams a model is trained in the time of scoring one zero-shot query, on two cores."""
TEXTS_A_UNIT = 10.0
"""Sentences that are embedded in that time."""


@dataclass(frozen=True, kw_only=True)
class _OnTask(Record):
    task: Task = field(repr=False)
    number: int
    """Test examples: the first."""
    part: str = "test"

    @property
    def key(self) -> Mapping[str, object]:
        """The task, under whose name labels are drawn, and which of its examples."""
        named = [self.task.name, self.task.fingerprint]
        return {"task": named, "part": self.part, "number": self.number, "version": VERSION}

    @property
    def asked(self) -> tuple[Example, ...]:
        """The examples whose answers are asked."""
        return first_examples(self.task, self.part, self.number)


@dataclass(frozen=True, kw_only=True)
class EmbeddedTexts(_OnTask):
    """The sentence embeddings of a task's pool and of what is asked: `pool` and `asked`, [text, d_model]."""

    encoder: Encoder

    kind = "embedded"

    @property
    def key(self) -> Mapping[str, object]:
        """The texts and the encoder."""
        return {**super().key, "encoder": self.encoder.fingerprint}

    @property
    def words(self) -> str:
        """What runs."""
        return f"{self.task.name}: sentences embedded by {self.encoder.name}"

    @property
    def cost(self) -> float:
        """By the number of sentences."""
        return (len(self.task.demonstration_pool) + self.number) / TEXTS_A_UNIT

    def compute(self, _store: Store) -> Entry:
        """Encode each text once."""
        from harness.models.encoder import embed  # noqa: PLC0415  # beside the slow imports that it brings

        pool, asked = texts_of(self.task.demonstration_pool), texts_of(self.asked)
        found = embed(self.encoder, [*pool, *asked])
        return Entry({"pool": found[: len(pool)], "asked": found[len(pool) :]}, {})


@dataclass(frozen=True, kw_only=True)
class SupervisedRun(_OnTask):
    """Logistic regression on the labels of a draw from the pool, asked the task's first test examples.

    `right` [example], 0 or 1; `probabilities` [example, answer]; and where labels are drawn, `control` [example], the
    same answers against gold labels drawn at random: whether they are right is chance. Of equal probabilities the
    first answer is taken.

    Labels are the first of those that demonstration set `drawn.candidate` would have were it as large as the pool: the
    demonstrations themselves where it is as large as ICL's set, and more and more beyond. A draw of one class alone
    answers that class, and an answer that no label has is never given: nothing is drawn anew, as ICL reads the same.
    """

    drawn: Demonstrations | None
    """Which labels; None for all of the pool."""
    encoder: Encoder | None = None
    """On whose sentence embeddings; None for n-grams of words and characters."""

    kind = "supervised"

    @property
    def key(self) -> Mapping[str, object]:
        """The texts, what is read of them, and the labels."""
        drawn, encoder = self.drawn, self.encoder
        labels = "pool" if drawn is None else [drawn.number, drawn.seed, drawn.candidate]
        return {
            **super().key,
            "features": "n-grams" if encoder is None else ["encoder", encoder.fingerprint],
            "labels": labels,
        }

    @property
    def words(self) -> str:
        """What runs."""
        on = "n-grams" if self.encoder is None else f"embeddings of {self.encoder.name}"
        of = "" if self.drawn is None else f", set {self.drawn.candidate}"
        return f"{self.task.name}: {self.labels} labels learned on {on}{of}"

    @property
    def labels(self) -> int:
        """How many labels it is trained on."""
        return len(self.task.demonstration_pool) if self.drawn is None else self.drawn.number

    @property
    def inputs(self) -> Sequence[Record]:
        """The embeddings, where it is trained on these."""
        return () if self.encoder is None else (self._embedded(self.encoder),)

    @property
    def cost(self) -> float:
        """By the number of labels."""
        return self.labels / LABELS_A_UNIT

    @property
    def threads(self) -> int:
        """Small, and without a model: one is enough."""
        return 1

    def compute(self, store: Store) -> Entry:
        """Train and ask; HarnessError where the pool or the part holds too few examples."""
        from harness.models.classifiers import answer_probabilities  # noqa: PLC0415  # brings slow imports

        pool, drawn, asked = self.task.demonstration_pool, self.drawn, self.asked
        labelled = pool
        if drawn is not None:
            labelled = draw_demonstrations(self.task, drawn.number, drawn.seed, drawn.candidate)
        places = {example.content_hash: place for place, example in enumerate(pool)}
        features, of_asked = self._features(store, np.array([places[e.content_hash] for e in labelled]))
        labels, gold = (np.array([e.label for e in of]) for of in (labelled, asked))
        answers = len(self.task.answers)
        probabilities = answer_probabilities(features, labels, of_asked, answers)
        predicted = probabilities.argmax(axis=1)
        found = {"right": (predicted == gold).astype(float), "probabilities": probabilities}
        if drawn is not None:
            rng = stream(drawn.seed, "supervised control", self.task.name, drawn.candidate)
            found["control"] = (predicted == rng.integers(answers, size=len(gold))).astype(float)
        return Entry(found, {"of each class": np.bincount(labels, minlength=answers).tolist()})

    def _features(self, store: Store, labelled: np.ndarray) -> tuple[Any, Any]:
        """Return what is read of the labelled texts, by their places in the pool, and of those that are asked."""
        if self.encoder is not None:
            embedded = store.find_or_run(self._embedded(self.encoder)).tensors
            return embedded["pool"][labelled].astype(np.float64), embedded["asked"].astype(np.float64)
        pool = texts_of(self.task.demonstration_pool)
        counts = _counts_of((*pool, *texts_of(self.asked)))
        return counts.features(labelled, len(pool) + np.arange(self.number))

    def _embedded(self, encoder: Encoder) -> EmbeddedTexts:
        return EmbeddedTexts(task=self.task, number=self.number, part=self.part, encoder=encoder)


def texts_of(examples: Sequence[Example]) -> list[str]:
    """Return each example's texts as one, in the order of their fields' names: no template, no answer words."""
    return [" ".join(example.texts.values()) for example in examples]


@lru_cache(maxsize=1)
def _counts_of(texts: tuple[str, ...]) -> "NGramCounts":
    """Count once a process what models of one task are trained on: counting takes longer than training."""
    from harness.models.classifiers import count_ngrams  # noqa: PLC0415  # brings slow imports

    return count_ngrams(list(texts))
