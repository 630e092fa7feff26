"""What stands in finetuning's place beside the claims' own ICL: the right recording, of the right set and variant."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from harness.data import Cell
from harness.evidence.evidence import Evidence
from harness.evidence.measurements import MEASUREMENTS
from harness.evidence.questions import OnControls
from harness.evidence.stand_ins import StandIn
from harness.runs.variants import OWN, Variant
from harness.tests.evidence.conftest import Asking

RANDOM, ORDER = Variant(labels="random"), Variant(order=1)
STAND_INS = (
    StandIn("sim_aou", "icl", ORDER),
    StandIn("sim_aou", "icl", behind=1),
    StandIn("sim_aou", "ft", behind=1),
    StandIn("sim_aou", "ft", RANDOM),
)


@pytest.fixture(scope="module")
def evidence(asking: Asking) -> Evidence:
    """Return two tasks' controls under two sets, with everything that may stand in."""
    return asking(*STAND_INS, OnControls("sim_aou"), demonstration_sets=2)


def cell(evidence: Evidence, candidate: int, variant: Variant = OWN) -> Cell:
    """Return a variant's cell."""
    sources = evidence.sources
    return sources.experiment.cell("toy", sources.chosen, candidate, variant).read(sources.store)


def found(asked: StandIn, evidence: Evidence) -> np.ndarray:
    """Return what the measurement found of the stand-in, [set, example, layer]."""
    return evidence.of(asked, "ft")["toy"]


def expected(own: Cell, standing: Cell, role: str) -> np.ndarray:
    """Return SimAOU of the own cell's ICL to the other's ICL or FT."""
    ft = standing.icl if role == "icl" else standing.ft
    return MEASUREMENTS["sim_aou"][1](replace(own, ft=ft), np.random.default_rng(0))["ft"]


def test_icl_once_more_in_another_order(evidence: Evidence) -> None:
    """The same set, its demonstrations permuted; nothing of it is finetuning's."""
    sets = evidence.sources.selection("toy").candidates
    values = found(STAND_INS[0], evidence)
    for place, of in enumerate(sets):
        assert np.array_equal(values[place], expected(cell(evidence, of), cell(evidence, of, ORDER), "icl"))
    assert values.max() < 1


@pytest.mark.parametrize("asked", STAND_INS[1:3])
def test_other_set_is_the_next_in_the_ring(evidence: Evidence, asked: StandIn) -> None:
    """Of two reported sets each one's ICL stands beside the other's ICL, or FT."""
    one, other = evidence.sources.selection("toy").candidates
    values = found(asked, evidence)
    for place, (shown, read) in enumerate([(one, other), (other, one)]):
        assert np.array_equal(values[place], expected(cell(evidence, shown), cell(evidence, read), asked.role))


def test_finetuning_in_finetunings_place_is_tried_again(evidence: Evidence) -> None:
    """The first set's on random labels; no ICL is, nor the claims' own on another set."""
    tried = [asked.tried_again(evidence.sources).get("toy", {}) for asked in STAND_INS]
    assert [list(of) for of in tried] == [[], [], [], [0]]
    (again,) = tried[3].values()
    assert again.variant == RANDOM
    assert np.isfinite(found(STAND_INS[3], evidence)[1]).all()


def test_finetuning_on_random_labels_beside_icl_on_its_own(evidence: Evidence) -> None:
    """The variant reaches the stand-in alone: ICL keeps the gold labels, as it does not where both have the variant."""
    first = evidence.sources.selection("toy").candidates[0]
    own, random = cell(evidence, first), cell(evidence, first, RANDOM)
    value = found(STAND_INS[3], evidence)[0]
    assert np.array_equal(value, expected(own, random, "ft"))
    assert not np.array_equal(value, MEASUREMENTS["sim_aou"][1](random, np.random.default_rng(0))["ft"])


def test_one_reported_set_has_no_other(asking: Asking) -> None:
    """No record, and no array, of another set; one of another order all the same."""
    alone = asking(StandIn("sim_aou", "icl", ORDER), demonstration_sets=1)
    assert alone.of(StandIn("sim_aou", "ft", behind=1), "ft") == {}
    assert [*alone.of(StandIn("sim_aou", "icl", ORDER), "ft")] == ["toy", "doll"]


def test_each_has_a_key_of_its_own(evidence: Evidence) -> None:
    """No two stand-ins share an entry, nor one with the claims' own measurement."""
    asked = (*STAND_INS, OnControls("sim_aou"))
    keys = [question.records(evidence.sources)["toy"][0].key for question in asked]
    assert all(one != other for one, other in combinations(keys, 2))


def test_words_name_the_stand_in(evidence: Evidence) -> None:
    """The progress says what is measured beside what."""
    (record, _) = STAND_INS[3].records(evidence.sources)["toy"]
    assert record.words.endswith(f", beside FT, labels random, set {evidence.sources.selection('toy').candidates[0]}")
