"""What claims are judged by, against plain loops, on a cell of the default model's shape (see test_metrics)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest

from harness.data import Cell, CellAndStart, Recording, Setting
from harness.evidence.measurements import MEASUREMENTS, attention_to_demonstrations
from harness.tests.crosscheck import paper_metrics as paper
from harness.tests.crosscheck.arrays import exact, noise, padded, same

QUERY_LENGTHS = [17, 40, 9, 26]
DEMONSTRATION_LENGTHS = [12, 31, 7, 22]
LAYERS, HEADS, WIDTH, ANSWERS = 3, 9, 576, 3
Arrays = Mapping[str, np.ndarray]


@pytest.fixture(scope="module")
def cell() -> CellAndStart:
    """Return a cell shaped as the default model's, three layers of it, in which settings change a tenth to a half."""
    rng = np.random.default_rng(2)
    examples = len(QUERY_LENGTHS)
    gold = rng.integers(ANSWERS, size=examples)
    outputs, maps = noise(rng, examples, LAYERS, WIDTH), noise(rng, examples, LAYERS, HEADS, max(QUERY_LENGTHS))

    def recording(setting: Setting, context: int, size: float) -> Recording:
        attn_out = outputs + np.float32(size) * noise(rng, *outputs.shape)
        scores = padded(maps + np.float32(size) * noise(rng, *maps.shape), QUERY_LENGTHS)
        scores_context, vectors = noise(rng, examples, LAYERS, context), noise(rng, examples, LAYERS, WIDTH)
        return Recording(setting, gold, noise(rng, examples, ANSWERS), attn_out, scores, scores_context, vectors)

    starts = np.cumsum([1, *(n + 1 for n in DEMONSTRATION_LENGTHS)]).tolist()
    spans = tuple((start, start + n) for start, n in zip(starts, DEMONSTRATION_LENGTHS, strict=False))
    zsl, icl = recording(Setting.ZSL, 1, 0.0), recording(Setting.ICL, starts[-1], 0.5)
    training, starting = (noise(rng, LAYERS, starts[-1] - 1, WIDTH) for _ in range(2))
    return CellAndStart(zsl, icl, recording(Setting.FT, 1, 0.1), spans, training, starting_queries=starting)


def outputs_of(cell: Cell) -> tuple[paper.Float64, ...]:
    """Return the attention outputs under ZSL, ICL and FT."""
    return tuple(exact(recording.attn_out) for recording in (cell.zsl, cell.icl, cell.ft))


def right(cell: Cell) -> list[list[bool]]:
    """Return which examples ZSL, ICL and FT answer right."""
    by_setting = [paper.answers(exact(recording.label_logits)) for recording in (cell.zsl, cell.icl, cell.ft)]
    return [[answer == gold for answer, gold in zip(answers, cell.zsl.gold, strict=True)] for answers in by_setting]


def accuracy(cell: Cell, _rng: np.random.Generator) -> Arrays:
    """Right answers by setting."""
    return dict(zip(("zsl", "icl", "ft"), np.array(right(cell), float), strict=True))


def rec2ftp(cell: Cell, _rng: np.random.Generator) -> Arrays:
    """Rec2FTP of each example by itself: 1, 0, or NaN where FT corrects nothing."""
    cases = zip(*right(cell), strict=True)
    return {"rec2ftp": np.array([paper.rec2ftp([zsl], [icl], [ft]) for zsl, icl, ft in cases])}


def sim_aou(cell: Cell, rng: np.random.Generator) -> Arrays:
    """SimAOU, with uniform noise (drawn first of all), and with the update of the example before."""
    zsl, icl, ft = outputs_of(cell)
    other = np.empty_like(zsl)
    for example, layer in np.ndindex(*zsl.shape[:2]):
        start = paper.unit(zsl[example - 1, layer])
        other[example, layer] = paper.difference(paper.unit(ft[example - 1, layer]), start)
    return {
        "ft": paper.sim_aou(zsl, icl, ft),
        "uniform": paper.sim_aou_with(zsl, icl, rng.random(zsl.shape)),
        "other_example": paper.sim_aou_with(zsl, icl, other),
    }


def sim_am(cell: Cell, _rng: np.random.Generator) -> Arrays:
    """SimAM to FT, to ZSL, and on differences."""
    zsl, icl, ft = (exact(recording.scores_query) for recording in (cell.zsl, cell.icl, cell.ft))
    differences = paper.sim_am_of_differences(zsl, icl, ft)
    return {"ft": paper.sim_am(icl, ft), "zsl": paper.sim_am(icl, zsl), "differences": differences}


def kendall(cell: CellAndStart, rng: np.random.Generator) -> Arrays:
    """Kendall of ICL's attention with FT's, with uniform noise, and with FT's before its first step."""
    in_context, in_training = demonstration_tokens(cell)
    untouched = replace(cell, ft=cell.zsl, training_queries=cell.starting_queries)
    return {
        "ft": paper.kendall(in_context, in_training),
        "uniform": paper.kendall(in_context, rng.random(in_training.shape)),
        "unfinetuned": paper.kendall(in_context, demonstration_tokens(untouched)[1]),
    }


def demonstration_tokens(cell: Cell) -> tuple[paper.Float64, paper.Float64]:
    """Return ICL's and FT's attention to each demonstration token, found by walking through both layouts."""
    context, trained = [], []
    in_context, in_training = 1, 0
    for length in DEMONSTRATION_LENGTHS:
        in_training += 1  # each training text has a start token of its own
        for _ in range(length):
            context.append(cell.icl.scores_context[:, :, in_context])
            trained.append(cell.training_queries[:, in_training])
            in_context, in_training = in_context + 1, in_training + 1
        in_context += 1  # separator
    attention = paper.training_attention(exact(np.stack(trained, 1)), exact(cell.ft.query_vectors))
    return exact(np.stack(context, 2)), attention


def divergences(cell: Cell, _rng: np.random.Generator) -> Arrays:
    """KL(ICL || FT) and KL(ICL || ZSL), word by word."""
    found = {}
    for name, other in (("ft", cell.ft), ("zsl", cell.zsl)):
        pairs = zip(exact(cell.icl.label_logits), exact(other.label_logits), strict=True)
        of_words = [zip(paper.softmax(icl), paper.softmax(of), strict=True) for icl, of in pairs]
        found[f"kl_icl_{name}"] = np.array([math.fsum(p * math.log(p / q) for p, q in words) for words in of_words])
    return found


PLAIN: Mapping[str, Callable[[CellAndStart, np.random.Generator], Arrays]] = {
    "accuracy": accuracy,
    "rec2ftp": rec2ftp,
    "divergences": divergences,
    "sim_aou": sim_aou,
    "sim_am": sim_am,
    "kendall": kendall,
}


def test_every_measurement_of_a_cell_has_a_plain_version() -> None:
    """A new measurement must bring one. That of heads apart has its own in `harness.tests.evidence`."""
    assert set(PLAIN) == {n for n, (source, _) in MEASUREMENTS.items() if source in {"cell", "cell from start"}}


@pytest.mark.parametrize("name", PLAIN)
def test_measurement_of_a_cell_is_the_papers(name: str, cell: CellAndStart) -> None:
    """What the suite measures is what plain loops find, noise from the same generator included."""
    found = MEASUREMENTS[name][1](cell, np.random.default_rng(5))
    for key, expected in PLAIN[name](cell, np.random.default_rng(5)).items():
        same(found[key], expected)


def test_demonstration_tokens_are_the_papers(cell: Cell) -> None:
    """Walking through prefix and training texts token by token finds the same scores in the same order."""
    (context, training), (ours_context, ours_training) = demonstration_tokens(cell), attention_to_demonstrations(cell)
    np.testing.assert_array_equal(ours_context, context)
    same(ours_training / WIDTH, training / WIDTH)


def test_accuracy_is_the_share_of_gold_answers(cell: Cell) -> None:
    """The mean of `correct` is the share of examples whose most probable answer word is the gold one."""
    for recording in (cell.zsl, cell.icl, cell.ft):
        same(recording.correct.mean(), paper.accuracy(exact(recording.label_logits), recording.gold.tolist()))
