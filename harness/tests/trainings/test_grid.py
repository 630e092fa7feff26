"""All trainings of a size: made side by side from equal starts, once, with eta chosen on what is not reported."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import fixtures
from harness.engines.plan import run_plan
from harness.evidence.sources import Sources, open_sources
from harness.evidence.training_questions import TrainedGPTs
from harness.models.gpt import sizes
from harness.models.gpt.problems import Regression, least_squares_errors, validation_losses
from harness.models.gpt.sizes import BYTES, InContextSize, LanguageSize, Schedule, Shape, Size
from harness.progress import Silent
from harness.settings import Settings, parse_settings
from harness.store import Entry, MissingEntryError, Store
from harness.tests.tiny import Project
from harness.trainings.grid import ATTENTIONS, PROBLEMS, Grid, LeastSquares, networks
from harness.trainings.training import Training, problem_of

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
    starts_in_context=2,
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


def small(settings: Settings, size: Size = MINUSCULE) -> Sources:
    """Return the settings' sources, with this size in the place of 'tiny'."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sizes.SIZES, "tiny", size)
        return open_sources(settings, fixtures.MODELS, fixtures.TASKS)


def grid(folder: Path) -> Grid:
    """Return a grid of the size that stands for 'tiny', on an empty store."""
    settings = parse_settings(store=folder / "store", corpus=write_corpus(folder / "corpus.txt"), device="cpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sizes.SIZES, "tiny", MINUSCULE)
        return Grid(settings, fixtures.TASKS, Store(settings.store))


def keep(store: Store, given: Training, tensors: Mapping[str, np.ndarray]) -> None:
    """Keep what a training is to have left."""
    store.find_or_compute(given.kind, given.key, lambda: Entry(tensors, {"seconds": 0.0}))


def keep_tried(made: Grid, seed: int, losses: Mapping[float, float]) -> None:
    """Keep a loss for each eta under a seed."""
    for eta, loss in losses.items():
        keep(made.store, made.training("language", "momentum", eta, seed), {"dev": np.full(6, loss)})


@pytest.fixture(scope="module")
def heard() -> Heard:
    """Return what is told while `done` trains."""
    return Heard()


@pytest.fixture(scope="module")
def ran(project: Project, tmp_path_factory: pytest.TempPathFactory, heard: Heard) -> Sources:
    """Return sources whose trainings were run: three to choose eta, and two of each attention and problem."""
    folder = tmp_path_factory.mktemp("trainings")
    options = {"corpus": write_corpus(folder / "corpus.txt"), "device": "cpu", "processes": 1}
    sources = small(project.settings(folder / "store", **options))
    run_plan([TrainedGPTs()], sources, heard)
    return sources


@pytest.fixture(scope="module")
def done(ran: Sources) -> Grid:
    """Return their grid."""
    return ran.grid


@pytest.mark.slow
def test_progress_is_told_of_every_training(done: Grid, heard: Heard) -> None:
    """3 etas, then 3 problems times 4 attentions times 2 runs: forecast in a line, expected, and counted as done."""
    assert len(done.every(done.eta)) == 24
    assert (heard.expected, heard.done) == (27, 27)
    forecasts = [line for line in heard.lines if "are ahead, about" in line]
    assert [line.split(" of size")[0] for line in forecasts] == ["momentum: 27 trainings"]
    begun = Counter(line.partition(":")[0] for line in heard.lines if line not in forecasts)
    assert begun == {f"tokens of {done.settings.corpus}": 1, "training": 27, "least squares": 1}


@pytest.mark.slow
def test_second_run_trains_nothing(ran: Sources) -> None:
    """Other sources on the same store find every array as it was, and begin nothing."""
    again, heard = small(ran.experiment.settings), Heard()
    run_plan([TrainedGPTs()], again, heard)
    for problem in PROBLEMS:
        one, other = ran.grid.of(problem), again.grid.of(problem)
        assert all(np.array_equal(one[a][n], other[a][n], equal_nan=True) for a in ATTENTIONS for n in one[a])
    assert heard == Heard()


@pytest.mark.slow
def test_no_checkpoint_is_left(done: Grid) -> None:
    """What trainings needed on the way is gone once all are kept."""
    assert list(done.store.root.glob("checkpoints/*")) == []


@pytest.mark.slow
def test_arrays_have_the_runs_first(done: Grid) -> None:
    """Two runs of five or four steps, six windows, seven sequences of pairs; weights are not among them."""
    found = {problem: {n: a.shape for n, a in done.of(problem)["shift"].items()} for problem in PROBLEMS}
    assert found["language"] == {"losses": (2, 5), "dev": (2, 6), "validation_8": (2, 6), "validation_16": (2, 6)}
    assert found["regression"] == {"losses": (2, 4), "score": (2, 7, 3)}
    assert found["recall"] == {"losses": (2, 4), "score": (2, 7, 4)}


@pytest.mark.slow
def test_eta_is_the_least_of_those_tried(done: Grid) -> None:
    """Momentum's loss is worked out for each eta on a seed that is not reported; the least is taken everywhere."""
    assert tuple(done.tried) == MINUSCULE.etas
    (tried_seed,) = done._seeds("choice of eta", 1)
    assert tried_seed not in done.starts("regression", "vanilla")
    for eta, loss in done.tried.items():
        given = replace(done.reported("language", "momentum", eta)[0], seed=tried_seed)
        assert loss == done.store.read(given).tensors["dev"].mean()
    assert len(set(done.tried.values())) == 3
    assert done.tried[done.eta] == min(done.tried.values())
    etas = {t.attention: t.eta for t in done.every(done.eta)}
    assert etas == {"vanilla": None, "momentum": done.eta, "uniform": done.eta, "shift": done.eta}


@pytest.mark.slow
@pytest.mark.parametrize("problem", PROBLEMS)
def test_attentions_start_equal_and_see_the_same(done: Grid, problem: str) -> None:
    """Run by run the four attentions have the same weights and batches; the two runs have others."""
    runs = list(zip(*(done.reported(problem, attention, done.eta) for attention in ATTENTIONS), strict=True))  # type: ignore[arg-type]
    starts = []
    for arms in runs:
        problems = [problem_of(arm, done.store) for arm in arms]
        batches = [each.batch(3, 2).inputs for each in problems]
        shape = (MINUSCULE.language if problem == "language" else MINUSCULE.in_context).shape
        weights = [each.network(shape, arm.choice).state_dict() for each, arm in zip(problems, arms, strict=True)]
        assert all(torch.equal(batch, batches[0]) for batch in batches)
        assert all(torch.equal(state[name], weights[0][name]) for state in weights for name in weights[0])
        starts.append((batches[0], weights[0]["blocks.0.widen.weight"]))
    assert not torch.equal(starts[0][0], starts[1][0])
    assert not torch.equal(starts[0][1], starts[1][1])


@pytest.mark.slow
def test_kept_networks_are_those_that_were_measured(done: Grid) -> None:
    """A network read from the store has, on the reported windows, the losses that its training left."""
    tokens = np.array_split(done.store.read(done.tokens).tensors["validation"], 2)[1]
    measured = done.of("language")["momentum"]["validation_8"]
    trained = done.reported("language", "momentum", done.eta)
    for network, losses in zip(networks(trained, done.store), measured, strict=True):
        np.testing.assert_allclose(validation_losses(network, tokens, 8, 6), losses, rtol=1e-5)


@pytest.mark.slow
def test_yardstick_is_measured_on_the_same_sequences(done: Grid) -> None:
    """Least squares answers the test sequences of the settings' seed, as every network does."""
    expected = least_squares_errors(Regression(2, 3, seed=done.settings.seed), 7)
    np.testing.assert_array_equal(done.least_squares(), expected)


def test_yardstick_is_kept_under_the_sequences_that_it_answers(tmp_path: Path) -> None:
    """Its key names the seed of the test sequences; it is the same whatever eta is chosen."""
    made = grid(tmp_path)
    (first, _) = made.starts("regression", "vanilla")
    assert made.yardstick.key == made.training("regression", "vanilla", None, first).key
    assert made.yardstick in [LeastSquares(each) for each in made.reported("regression", "vanilla", 0.5)]


@pytest.mark.slow
def test_words_name_size_strength_and_time(done: Grid) -> None:
    """What was trained: 5 steps of 2 windows of 16 tokens; which eta, out of which; how many trainings."""
    what, strength, time = done.described()
    assert "160 tokens" in what
    assert strength.startswith(f"Strength: eta {done.eta:g}, the one of least loss")
    assert all(f"{eta:g}: {loss:.3f}" in strength for eta, loss in done.tried.items())
    assert time.startswith("24 trainings took ")


def test_eta_is_the_one_of_least_loss(tmp_path: Path) -> None:
    """Of losses 3, 1 and 2 the second's eta is taken; a reported run, which says 0.1, is not asked."""
    made = grid(tmp_path)
    keep_tried(made, made._seeds("choice of eta", 1)[0], {0.1: 3.0, 0.5: 1.0, 0.9: 2.0})
    keep_tried(made, made.starts("regression", "vanilla")[0], {0.1: 1.0, 0.5: 3.0, 0.9: 2.0})
    assert made.tried == {0.1: 3.0, 0.5: 1.0, 0.9: 2.0}
    assert made.eta == 0.5


def test_etas_are_those_of_momentum(tmp_path: Path) -> None:
    """Each control has momentum's strength; vanilla attention has none; all have the seeds that are reported."""
    made = grid(tmp_path)
    trained, seeds = made.every(0.9), made.starts("language", "vanilla")
    strengths = {"vanilla": None, "momentum": 0.9, "uniform": 0.9, "shift": 0.9}
    expected = [(p, attention, eta, seed) for p in PROBLEMS for attention, eta in strengths.items() for seed in seeds]
    assert [(each.problem, each.attention, each.eta, each.seed) for each in trained] == expected


def test_more_starts_where_two_attentions_are_compared_in_context(tmp_path: Path) -> None:
    """The first starts are the same everywhere; vanilla and momentum attention have more, but not on text."""
    made = grid(tmp_path)
    made.size = replace(MINUSCULE, starts_in_context=5)
    (*first, _, _, _) = many = made.starts("recall", "momentum")
    assert many == made.starts("regression", "vanilla")
    assert len({*many}) == 5
    assert made.starts("language", "momentum") == made.starts("recall", "uniform") == (*first,)
    assert [len(made.reported("recall", attention, 0.5)) for attention in ATTENTIONS] == [5, 5, 2, 2]


def test_least_squares_answer_the_test_sequences(tmp_path: Path) -> None:
    """Computed anew, the yardstick's errors are those on the sequences of the settings' seed."""
    made = grid(tmp_path)
    expected = least_squares_errors(Regression(2, 3, seed=made.settings.seed), 7)
    np.testing.assert_array_equal(made.store.find_or_run(made.yardstick).tensors["score"], expected)


def test_equal_losses_go_to_the_smaller_eta(tmp_path: Path) -> None:
    """Where two etas are equally good the weaker momentum is taken."""
    made = grid(tmp_path)
    keep_tried(made, made._seeds("choice of eta", 1)[0], {0.9: 1.0, 0.5: 1.0, 0.1: 3.0})
    assert made.eta == 0.5


def test_results_stand_under_their_attention(tmp_path: Path) -> None:
    """Scores 0 to 3 that the four attentions' trainings left, in halves for the second run, are found as such."""
    made = grid(tmp_path)
    keep_tried(made, made._seeds("choice of eta", 1)[0], dict.fromkeys(MINUSCULE.etas, 1.0))
    for given in made.every(made.eta):
        level = ATTENTIONS.index(given.attention) + 0.5 * made.starts("regression", "vanilla").index(given.seed)
        keep(made.store, given, {"score": np.full((7, 3), level)})
    found = {attention: of["score"][:, 0, 0].tolist() for attention, of in made.of("regression").items()}
    assert found == {"vanilla": [0, 0.5], "momentum": [1, 1.5], "uniform": [2, 2.5], "shift": [3, 3.5]}


def test_what_was_not_trained_is_not_trained_to_be_read(tmp_path: Path) -> None:
    """On an empty store reading is an error that names the training; nothing is begun."""
    made = grid(tmp_path)
    with pytest.raises(MissingEntryError, match="training: language, momentum"):
        made.of("recall")
    assert list(made.store.root.glob("runs/*/*")) == []
