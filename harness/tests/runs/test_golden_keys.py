"""Names of entries as they were first given: under another name, what a store holds would be computed again."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from harness.data import Setting
from harness.evidence.measuring import Measurement
from harness.models.gpt.sizes import SIZES
from harness.runs.cells import PartsRuns
from harness.runs.experiment import Experiment
from harness.runs.facts import CellFacts
from harness.runs.finetuning import FinetuningRun
from harness.runs.layout import PromptLayout
from harness.runs.scoring import AccuracyRun, RecordingRun
from harness.runs.update_size import UpdateSizeRun
from harness.runs.variants import Variant
from harness.store import Record, Store, entry_key
from harness.tests.runs.made_up import CHOSEN, ROW, VARIANTS, made_up
from harness.trainings.grid import LeastSquares
from harness.trainings.linear_attention import LinearAttentionLayers
from harness.trainings.training import Tokens, Training

GOLDEN: Mapping[str, str] = json.loads((Path(__file__).parent / "golden_keys.json").read_text(encoding="utf-8"))
"""By what it is: the first 32 hexadecimal digits of its key, as the code before the records gave them."""

DIGITS = 32


def _own(made: Experiment) -> Iterator[tuple[str, Record]]:
    """Yield the claims' own records, as an experiment states them."""
    sets, rates, cell = made.sets_tried("toy"), made.rates_tried("toy", 1), made.own_cell("toy", CHOSEN["toy"], 1)
    yield "ICL on dev", sets[1]
    yield "FT on dev", rates[1]
    yield "FT on test", made.run(AccuracyRun, "toy", Setting.FT, 1, 2.0)
    yield "ZSL", cell.zsl
    yield "ICL", cell.icl
    yield "FT", cell.ft
    yield "finetuned", cell.finetuned
    yield "parts of ZSL", made.parts("toy", 1).zsl
    yield "parts of ICL", made.parts("toy", 1).icl
    yield "updates", made.updates("toy", CHOSEN["toy"], 1).run
    yield "causality", made.causality("toy", CHOSEN["toy"])
    yield "first order of ZSL", PartsRuns.first_order(made.parts("toy", 1).zsl)
    yield "first order of ICL", PartsRuns.first_order(made.parts("toy", 1).icl)
    yield "starting queries", made.from_start(cell).start
    yield "facts", CellFacts(cell)
    yield "layout", PromptLayout(made.model, made.tasks["toy"])
    yield "measurement", Measurement("sim_aou", cell.finetuned, cell)
    across = made.across("toy", CHOSEN["toy"], 0, 1)
    yield "measurement across sets", Measurement("sim_aou", across.finetuned, across, context=0)
    yield "ZSL on dev", made.answers("toy", CHOSEN["toy"], 1)[Setting.ZSL]
    causal = Variant(gradient="layer_causal")
    yield "layer-causal FT on dev", made.rates_tried("toy", 1, causal)[1]
    yield "layer-causal FT on dev, steadiness", made.steadiness("toy", 1, 2.0, causal)
    yield "size of the update", cell.finetuned.becoming(UpdateSizeRun)


def _beside(made: Experiment, variant: Variant) -> Iterator[tuple[str, Record]]:
    """Yield the records of a variant."""
    recording = made.beside(RecordingRun, "toy", CHOSEN, 1, variant)
    finetuning = made.beside(FinetuningRun, "toy", CHOSEN, 1, variant)
    zsl = made.beside(RecordingRun, "toy", CHOSEN, 0, variant.of_zero_shot)
    yield "finetuned", finetuning
    yield "ICL", recording.becoming(RecordingRun, setting=Setting.ICL)
    yield "FT", recording.becoming(RecordingRun, setting=Setting.FT)
    yield "ZSL", zsl.becoming(RecordingRun, setting=Setting.ZSL)
    yield "starting queries", made.from_start(made.cell("toy", CHOSEN, 1, variant)).start
    yield "measurement", Measurement("sim_aou", finetuning, made.cell("toy", CHOSEN, 1, variant))


def _trained() -> Iterator[tuple[str, Record]]:
    """Yield trainings, and what is beside them."""
    text = Tokens(corpus="c" * 64, vocabulary=256, name="made", catalogue=Path("none"), fetched=Path("none"))
    made = {
        f"training: {problem}, {attention}": Training(problem, SIZES["tiny"], attention, eta, 5, text, 3, "cpu")
        for problem in ("language", "regression", "recall")
        for attention, eta in (("vanilla", None), ("momentum", 0.5))
    }
    yield from made.items()
    yield "least squares", LeastSquares(made["training: regression, vanilla"])
    yield "tokens", text
    yield "linear attention layers", LinearAttentionLayers(3)


def _records() -> Mapping[str, Record]:
    found: dict[str, Record] = {}
    for label, row in (("row", ROW), ("no row", None)):
        made = made_up(row)
        found |= {f"{label}: {name}": record for name, record in _own(made)}
        for words, variant in VARIANTS.items():
            found |= {f"{label}: {words}: {name}": record for name, record in _beside(made, variant)}
    return found | dict(_trained())


RECORDS = _records()


def test_every_golden_name_is_held() -> None:
    """Records and names are the same, none left out on either side."""
    assert RECORDS.keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", GOLDEN)
def test_name_is_as_it_was(name: str, tmp_path: Path) -> None:
    """The folder that the store looks into is the one that an existing store has."""
    record = RECORDS[name]
    assert entry_key(kind=record.kind, **record.key)[:DIGITS] == GOLDEN[name]
    assert Store(tmp_path).place(record) == tmp_path / "runs" / record.kind / GOLDEN[name]


@pytest.mark.parametrize("words", [w for w in VARIANTS if w != "another_task True"])
def test_cell_of_a_variant_is_made_of_golden_records(words: str) -> None:
    """What a variant changes is looked up among its own records, the rest among the claims' own."""
    made, variant = made_up(), VARIANTS[words]
    cell = made.cell("toy", CHOSEN, 1, variant)
    changed = {
        "ZSL": variant.weights != "trained",
        "ICL": variant.changes_icl,
        "FT": variant.changes_ft,
        "finetuned": variant.changes_ft,
    }
    found = {"ZSL": cell.zsl, "ICL": cell.icl, "FT": cell.ft, "finetuned": cell.finetuned}
    names = {name: f"row: {words}: {name}" if changed[name] else f"row: {name}" for name in found}
    held = {name: entry_key(kind=record.kind, **record.key)[:DIGITS] for name, record in found.items()}
    assert held == {name: GOLDEN[names[name]] for name in found}


def test_comparison_of_updates_rests_on_the_golden_finetuning() -> None:
    """And FT's recording too: the finetuning that they read is the one that is kept."""
    made = made_up(None)
    for run in (made.updates("toy", CHOSEN["toy"], 1).run, made.own_cell("toy", CHOSEN["toy"], 1).ft):
        (rests_on,) = run.inputs
        assert entry_key(kind=rests_on.kind, **rests_on.key)[:DIGITS] == GOLDEN["no row: finetuned"]
