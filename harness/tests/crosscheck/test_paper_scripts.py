"""The paper's own two analysis scripts on our export, against our metrics on the recordings that were exported.

ICL_CLAIMS_LMOPS names their folder: understand_icl/icl_ft of microsoft/LMOps. They run unchanged but for the folder
that they say must be filled in. What they save is compared in full, and what they print to its four decimals.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data import Cell
from harness.evidence.measurements import attention_to_demonstrations
from harness.evidence.sources import Sources
from harness.metrics import kendall, rec2ftp, sim_am, sim_aou
from harness.report.lmops import export_lmops
from harness.tests.crosscheck import paper_metrics as paper

MODEL, TASK = "1_3b", "sst2"
"""Names that the scripts know; the recordings are the tiny project's."""
TO_FILL_IN = 'base_dir = "$base_dir/ana_rlt"'
TOLERANCE = 1e-12
"""Both sides compute in float64 from the same float32 numbers; the scripts add 1e-20 to lengths."""


@pytest.fixture(scope="module")
def scripts() -> Path:
    """Return the folder of the scripts."""
    given = os.environ.get("ICL_CLAIMS_LMOPS")
    if given is None:
        pytest.skip("ICL_CLAIMS_LMOPS is not set: it names the folder of the paper's compute_sim.py")
    pytest.importorskip("jsonlines", reason="the paper's scripts read with jsonlines, which is not installed")
    return Path(given)


@pytest.fixture(scope="module")
def cell(sources: Sources) -> Cell:
    """Return what the tiny project recorded under its best demonstration set."""
    chosen = sources.selection("toy")
    return sources.experiment.own_cell("toy", chosen, chosen.candidates[0]).read(sources.store)


@pytest.fixture(scope="module")
def exported(cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the export."""
    out = tmp_path_factory.mktemp("exported")
    export_lmops(cell, "toy", out, MODEL, TASK)
    return out


def run(script: Path, exported: Path, *arguments: str) -> str:
    """Run a script on the export; return what it printed."""
    text = script.read_text(encoding="utf-8")
    assert text.count(TO_FILL_IN) == 1
    filled = exported / script.name
    filled.write_text(text.replace(TO_FILL_IN, f"base_dir = {str(exported)!r}"), encoding="utf-8")
    done = subprocess.run([sys.executable, filled, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def saved(exported: Path, suffix: str = "") -> dict[str, Any]:
    """Return the results that a script saved."""
    found: dict[str, Any] = json.loads((exported / "rlt_json" / f"{TASK}-en_dense_lm_{MODEL}{suffix}.json").read_text())
    return found


def test_their_similarities_are_ours(scripts: Path, cell: Cell, exported: Path) -> None:
    """compute_sim.py: Rec2FTP, and SimAOU and both SimAMs of each layer, saved and printed."""
    printed = run(scripts / "compute_sim.py", exported, TASK, "all", MODEL)
    found = saved(exported)
    zsl, icl, ft = cell.zsl, cell.icl, cell.ft
    ours = {
        "SimAOU": sim_aou(zsl.attn_out, icl.attn_out, ft.attn_out),
        "SimAM": sim_am(icl.scores_query, ft.scores_query),
        "ZSL SimAM": sim_am(icl.scores_query, zsl.scores_query),
    }
    for name, values in ours.items():
        np.testing.assert_allclose(found[name], values.mean(axis=0), rtol=0, atol=TOLERANCE, err_msg=name)
    covered = np.nanmean(rec2ftp(zsl.correct, icl.correct, ft.correct))
    assert found["Recall2FTP"] == pytest.approx(100 * covered, abs=1e-10)
    overall = re.findall(r"^overall .*\n ([-\d.e]+)$", printed, re.MULTILINE)
    assert len(overall) == 4  # SimAOU, its random baseline, SimAM to ZSL, SimAM to FT
    for text, name in zip((overall[0], *overall[2:]), ("SimAOU", "ZSL SimAM", "SimAM"), strict=True):
        assert float(text) == pytest.approx(ours[name].mean(), abs=5.1e-5)


def test_their_kendall_is_ours(scripts: Path, cell: Cell, exported: Path) -> None:
    """compute_training_example_attn.py, each token and layer.

    It takes a softmax before tau, which makes ties of the smallest weights: with the softmax taken here too, in plain
    loops, the numbers are the same; without it, as in our metric, to 1e-4.
    """
    run(scripts / "compute_training_example_attn.py", exported, TASK, MODEL)
    found = saved(exported, "_training_attn")["token-level kendall"]
    in_context, in_training = attention_to_demonstrations(cell)
    softened = [np.apply_along_axis(paper.softmax, 2, attention) for attention in (in_context, in_training)]
    np.testing.assert_allclose(found, paper.kendall(*softened).mean(axis=0), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(found, kendall(in_context, in_training).mean(axis=0), rtol=0, atol=1e-4)
