"""All trainings of a size: made side by side from equal starts, once, with eta chosen on what is not reported."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import fixtures
from harness.models.gpt import sizes
from harness.models.gpt.problems import Regression, least_squares_errors
from harness.models.gpt.sizes import BYTES, InContextSize, LanguageSize, Schedule, Shape, Size
from harness.progress import Silent
from harness.settings import parse_settings
from harness.store import Store
from harness.trainings.grid import ATTENTIONS, PROBLEMS, Trainings, measured_rate
from harness.trainings.training import find_or_train, problem_of

MINUSCULE = Size(
    name="minuscule",
    language=LanguageSize(
        Shape(layers=1, heads=2, width=8),
        Schedule(steps=5, batch=2, learning_rate=0.01),
        vocabulary=BYTES,
        length=16,
        validation_lengths=(8, 16),
        windows=6,
    ),
    in_context=InContextSize(
        Shape(layers=1, heads=1, width=8),
        Schedule(steps=4, batch=4, learning_rate=0.01),
        dimension=2,
        regression_pairs=3,
        keys=3,
        values=3,
        recall_pairs=4,
        sequences=7,
    ),
    seeds=2,
    etas=(0.1, 0.5, 0.9),
    text_tasks=True,
)


@dataclass
class Heard(Silent):
    """Keeps what was begun and said, and how much was expected and done."""

    lines: list[str] = field(default_factory=list)
    expected: float = 0.0
    done: float = 0.0

    def begin(self, what: str) -> None:
        """Keep it."""
        self.lines.append(what)

    def say(self, line: str) -> None:
        """Keep it."""
        self.lines.append(line)

    def expect(self, units: float) -> None:
        """Add it up."""
        self.expected += units

    def advance(self, units: float) -> None:
        """Add it up."""
        self.done += units


def write_corpus(file: Path, number: int = 200) -> str:
    """Write documents of one line each, no two alike; return the name of the corpus."""
    lines = [f"This is line number {i} of the text, and line number {i + 1} comes next." for i in range(number)]
    file.write_text("\n\n".join(lines), encoding="utf-8")
    return str(file)


def trainings(store: Path, corpus: str) -> Trainings:
    """Return the trainings of the size that stands for 'tiny', with a progress that listens."""
    settings = parse_settings(store=store, corpus=corpus, device="cpu", processes=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sizes.SIZES, "tiny", MINUSCULE)
        return Trainings(settings, fixtures.TASKS, Store(store), Heard())


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Trainings:
    """Return trainings that were run: three to choose eta, and two of each attention and problem."""
    folder = tmp_path_factory.mktemp("trainings")
    made = trainings(folder / "store", write_corpus(folder / "corpus.txt"))
    made.of("language")
    return made


@pytest.mark.slow
def test_progress_is_told_of_every_training(done: Trainings) -> None:
    """3 etas, then 3 problems times 4 attentions times 2 runs: forecast in words, expected, and counted as done."""
    heard = done.progress
    assert isinstance(heard, Heard)
    assert (heard.expected, heard.done) == (27, 27)
    forecasts = [line for line in heard.lines if "are ahead, about" in line]
    assert [line.split(" of size")[0] for line in forecasts] == ["momentum: 3 trainings", "momentum: 24 trainings"]
    assert [line for line in heard.lines if line not in forecasts] == [
        "training 3 small models, size minuscule",
        "training 24 small models, size minuscule",
    ]


@pytest.mark.slow
def test_second_run_trains_nothing(done: Trainings) -> None:
    """Another object on the same store finds every array as it was, and begins nothing."""
    again = trainings(done.store.root, done.settings.corpus)
    for problem in PROBLEMS:
        one, other = done.of(problem), again.of(problem)
        assert all(np.array_equal(one[a][n], other[a][n], equal_nan=True) for a in ATTENTIONS for n in one[a])
    assert again.progress == Heard()


@pytest.mark.slow
def test_arrays_have_the_runs_first(done: Trainings) -> None:
    """Two runs of five or four steps, six windows, seven sequences of pairs; weights are not among them."""
    found = {problem: {n: a.shape for n, a in done.of(problem)["shift"].items()} for problem in PROBLEMS}
    assert found["language"] == {"losses": (2, 5), "dev": (2, 6), "validation_8": (2, 6), "validation_16": (2, 6)}
    assert found["regression"] == {"losses": (2, 4), "score": (2, 7, 3)}
    assert found["recall"] == {"losses": (2, 4), "score": (2, 7, 4)}


@pytest.mark.slow
def test_eta_is_the_least_of_those_tried(done: Trainings) -> None:
    """Momentum's loss is worked out for each eta on a seed that is not reported; the least is taken everywhere."""
    assert tuple(done.tried) == MINUSCULE.etas
    (tried_seed,) = done._seeds("choice of eta", 1)
    assert tried_seed not in done.seeds
    for eta, loss in done.tried.items():
        given = replace(done.reported("language", "momentum")[0], eta=eta, seed=tried_seed)
        assert loss == find_or_train(given).tensors["dev"].mean()
    assert len(set(done.tried.values())) == 3
    assert done.tried[done.eta] == min(done.tried.values())
    etas = {t.attention: t.eta for t in done.every()}
    assert etas == {"vanilla": None, "momentum": done.eta, "uniform": done.eta, "shift": done.eta}


@pytest.mark.slow
@pytest.mark.parametrize("problem", PROBLEMS)
def test_attentions_start_equal_and_see_the_same(done: Trainings, problem: str) -> None:
    """Run by run the four attentions have the same weights and batches; the two runs have others."""
    runs = list(zip(*(done.reported(problem, attention) for attention in ATTENTIONS), strict=True))  # type: ignore[arg-type]
    starts = []
    for arms in runs:
        problems = [problem_of(arm) for arm in arms]
        batches = [each.batch(3, 2).inputs for each in problems]
        shape = (MINUSCULE.language if problem == "language" else MINUSCULE.in_context).shape
        weights = [each.network(shape, arm.choice).state_dict() for each, arm in zip(problems, arms, strict=True)]
        assert all(torch.equal(batch, batches[0]) for batch in batches)
        assert all(torch.equal(state[name], weights[0][name]) for state in weights for name in weights[0])
        starts.append((batches[0], weights[0]["blocks.0.widen.weight"]))
    assert not torch.equal(starts[0][0], starts[1][0])
    assert not torch.equal(starts[0][1], starts[1][1])


@pytest.mark.slow
def test_kept_networks_are_those_that_were_measured(done: Trainings) -> None:
    """A network read from the store has, on the reported windows, the losses that its training left."""
    from harness.models.gpt.problems import validation_losses  # noqa: PLC0415  beside its one use

    tokens = np.array_split(done._token_streams().tensors["validation"], 2)[1]
    measured = done.of("language")["momentum"]["validation_8"]
    for network, losses in zip(done.networks("momentum"), measured, strict=True):
        np.testing.assert_allclose(validation_losses(network, tokens, 8, 6), losses, rtol=1e-5)


@pytest.mark.slow
def test_yardstick_is_measured_on_the_same_sequences(done: Trainings) -> None:
    """Least squares answers the test sequences of the settings' seed, as every network does."""
    expected = least_squares_errors(Regression(2, 3, seed=done.settings.seed), 7)
    np.testing.assert_array_equal(done.least_squares(), expected)


@pytest.mark.slow
def test_words_name_size_strength_and_time(done: Trainings) -> None:
    """What was trained: 5 steps of 2 windows of 16 tokens; which eta, out of which; how many trainings."""
    what, strength, time = done.described()
    assert "160 tokens" in what
    assert strength.startswith(f"Strength: eta {done.eta:g}, the one of least loss")
    assert all(f"{eta:g}: {loss:.3f}" in strength for eta, loss in done.tried.items())
    assert time.startswith("24 trainings took ")


def test_rate_is_that_of_a_processor() -> None:
    """One thread of a processor makes between a tenth and a thousand GFLOP a second."""
    assert 1e8 < measured_rate(torch.device("cpu")) < 1e12
