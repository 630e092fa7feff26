"""Supervised models as records: on ICL's own demonstrations and more, asked ICL's own queries."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from harness.data import Example, Task
from harness.errors import HarnessError
from harness.models.classifiers import CHARACTERS, PENALTY, WORD, WORDS
from harness.models.encoder import Encoder
from harness.prompts import draw_demonstrations
from harness.runs.run import Demonstrations
from harness.runs.supervised import EmbeddedTexts, SupervisedRun, texts_of
from harness.seeds import stream
from harness.store import Entry, Store, entry_key

NUMBER, SEED = 12, 5
CODER = Encoder("coder", "ab" * 32, Path("nowhere"), 8)


def _example(place: int, label: int, length: int) -> Example:
    words = stream(0, "supervised", place).choice(["red", "blue", "green", "one!", ":("], size=length)
    return Example({"text": f"{' '.join(words)} {'sun' if label else 'rain'}"}, label, f"{place:064}")


def _task(**changes: Any) -> Task:
    made = [_example(i, int(i % 3 == 0), 3 + i % 4) for i in range(60)]
    task = Task(
        name="toy",
        template="{text} Type:",
        answers=("bad", "good", "odd"),
        demonstration_pool=tuple(made[:40]),
        dev=(),
        test=tuple(made[40:]),
        fingerprint="1" * 64,
        source="made",
        licence="none",
    )
    return replace(task, **changes)


def _run(labels: int | None, candidate: int = 0, **changes: Any) -> SupervisedRun:
    drawn = None if labels is None else Demonstrations(labels, SEED, candidate)
    return replace(SupervisedRun(task=_task(), number=NUMBER, drawn=drawn), **changes)


def _plain(labelled: tuple[Example, ...], asked: tuple[Example, ...]) -> np.ndarray:
    """Return probabilities of 'bad' and 'good' as scikit-learn's own pipeline has them, of the labelled texts alone."""
    words = TfidfVectorizer(ngram_range=WORDS, token_pattern=WORD, sublinear_tf=True)
    characters = TfidfVectorizer(ngram_range=CHARACTERS, analyzer="char_wb", sublinear_tf=True)
    known = hstack([of.fit_transform([e.texts["text"] for e in labelled]) for of in (words, characters)])
    unknown = hstack([of.transform([e.texts["text"] for e in asked]) for of in (words, characters)])
    model = LogisticRegression(C=PENALTY, tol=1e-8, max_iter=10_000)
    return np.asarray(model.fit(known, [e.label for e in labelled]).predict_proba(unknown))


@pytest.mark.parametrize("labels", [6, 25, None])
def test_labels_are_the_demonstrations_and_those_that_follow(tmp_path: Path, labels: int | None) -> None:
    """Probabilities are a plain pipeline's on the first labels of set 1's draw, or on the whole pool."""
    task = _task()
    labelled = task.demonstration_pool if labels is None else draw_demonstrations(task, labels, SEED, 1)
    found = Store(tmp_path).find_or_run(_run(labels, 1))
    asked = task.test[:NUMBER]
    assert found.tensors["probabilities"][:, :2] == pytest.approx(_plain(labelled, asked), abs=1e-4)
    assert found.tensors["probabilities"][:, 2].tolist() == [0] * NUMBER
    predicted = found.tensors["probabilities"].argmax(axis=1)
    assert found.tensors["right"].tolist() == [float(p == e.label) for p, e in zip(predicted, asked, strict=True)]
    assert found.facts["of each class"] == [sum(e.label == i for e in labelled) for i in range(3)]


def test_more_labels_hold_the_fewer() -> None:
    """The 25 labels of a set begin with its 6; another set has others."""
    drawn = [[e.content_hash for e in draw_demonstrations(_task(), n, SEED, c)] for n, c in ((6, 1), (25, 1), (6, 2))]
    assert drawn[1][:6] == drawn[0] != drawn[2]


def test_control_is_right_by_chance(tmp_path: Path) -> None:
    """Against labels drawn at random of three, a third of 20 sets' answers is right; each set has its own.

    The whole pool is of no set, and has no control.
    """
    store = Store(tmp_path)
    found = [store.find_or_run(_run(6, candidate)).tensors for candidate in range(20)]
    control = np.array([tensors["control"] for tensors in found])
    assert control.mean() == pytest.approx(1 / 3, abs=0.09)
    drawn = stream(SEED, "supervised control", "toy", 3).integers(3, size=NUMBER)
    assert control[3].tolist() == (found[3]["probabilities"].argmax(axis=1) == drawn).astype(float).tolist()
    assert "control" not in store.find_or_run(_run(None)).tensors


def test_draw_of_one_class_answers_that_class(tmp_path: Path) -> None:
    """Where all of the pool is 'good', so is every answer: nothing is drawn anew."""
    pool = tuple(example for example in _task().demonstration_pool if example.label == 1)
    found = Store(tmp_path).find_or_run(_run(4, task=_task(demonstration_pool=pool)))
    assert found.tensors["probabilities"].tolist() == [[0, 1, 0]] * NUMBER
    assert found.facts["of each class"] == [0, 4, 0]


def test_pool_that_is_too_small_is_one_message(tmp_path: Path) -> None:
    """More labels than there are: as of demonstrations."""
    with pytest.raises(HarnessError, match="'toy' has 40 examples to draw demonstrations from, 41 were asked"):
        Store(tmp_path).find_or_run(_run(41))


def test_embeddings_are_learned_where_an_encoder_is_given(tmp_path: Path) -> None:
    """Embeddings that say the label itself, of pool and queries alike: all right, which n-grams of 6 labels are not."""
    store, task = Store(tmp_path), _task()
    embedded = EmbeddedTexts(task=task, number=NUMBER, encoder=CODER)
    pool, asked = (np.eye(2, dtype=np.float32)[[e.label for e in of]] for of in (task.demonstration_pool, task.test))
    store.find_or_compute(embedded.kind, embedded.key, lambda: Entry({"pool": pool, "asked": asked[:NUMBER]}, {}))
    run = _run(6, encoder=CODER)
    assert run.inputs == (embedded,)
    assert store.find_or_run(run).tensors["right"].tolist() == [1.0] * NUMBER


OTHER: dict[str, tuple[Any, ...]] = {
    "task": (_task(name="dolly"), _task(fingerprint="2" * 64)),
    "number": (11,),
    "part": ("dev",),
    "drawn": (None, *(Demonstrations(*of) for of in ((7, SEED, 0), (6, 6, 0), (6, SEED, 1)))),
    "encoder": (CODER, replace(CODER, fingerprint="cd" * 32)),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in OTHER for value in OTHER[name]])
def test_each_field_changes_the_key(name: str, value: Any) -> None:
    """Changed alone it is another entry, and so is each encoder's."""
    run = _run(6)
    others = [run, replace(run, encoder=CODER)] if name != "drawn" else [run]
    changed = replace(run, **{name: value})
    assert entry_key(**changed.key) not in {entry_key(**of.key) for of in others if of != changed}


def test_place_and_name_of_an_encoder_keep_the_key() -> None:
    """The same files elsewhere are the same encoder."""
    elsewhere = replace(CODER, name="other", folder=Path("elsewhere"))
    assert _run(6, encoder=elsewhere).key == _run(6, encoder=CODER).key


def test_records_say_what_they_are_and_cost() -> None:
    """Task, labels, what is read of the texts, and the set; embeddings cost more than what is learned on them."""
    embedded = EmbeddedTexts(task=_task(), number=NUMBER, encoder=CODER)
    runs = (_run(6, 1), _run(None), _run(6, encoder=CODER))
    assert [run.words for run in (*runs, embedded)] == [
        "toy: 6 labels learned on n-grams, set 1",
        "toy: 40 labels learned on n-grams",
        "toy: 6 labels learned on embeddings of coder, set 0",
        "toy: sentences embedded by coder",
    ]
    assert [runs[1].cost, embedded.cost] == pytest.approx([40 / 200, 52 / 10])
    assert ([run.threads for run in runs], embedded.threads) == ([1, 1, 1], None)


def test_fields_of_an_example_are_read_by_their_names() -> None:
    """Two texts are one, premise after hypothesis as they are kept; the template and the answer words are not read."""
    example = Example({"hypothesis": "it rains", "premise": "wet streets"}, 0, "0" * 64)
    assert texts_of([example]) == ["it rains wet streets"]
