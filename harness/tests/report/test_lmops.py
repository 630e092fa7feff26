"""The export, read back by a reader written from the paper's text alone, and by the paper's own scripts.

The reader: SimAOU, SimAM and Rec2FTP from the settings zs, icl and ftzs; for Kendall the training texts (ft) without
their first token, against ICL's context without its first position and without the one separator after each text.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from harness.data import Cell
from harness.errors import HarnessError
from harness.evidence.evidence import Evidence
from harness.evidence.questions import OnTasks
from harness.evidence.sources import Sources
from harness.report.lmops import export_lmops
from harness.tests.tiny import Project, ready

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def cell_of(sources: Sources) -> Cell:
    """Return the cell of the tiny task's best demonstration set."""
    chosen = sources.selection("toy")
    return sources.experiment.own_cell("toy", chosen, chosen.candidates[0]).read(sources.store)


@pytest.fixture(scope="session")
def cell(sources: Sources) -> Cell:
    """Return what the tiny task recorded."""
    return cell_of(sources)


@pytest.fixture(scope="session")
def exported(cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the tiny task's recordings were exported to."""
    out = tmp_path_factory.mktemp("lmops")
    export_lmops(cell, "toy", out, "1_3b", "sst2")
    return out


@pytest.fixture(scope="session")
def rows(exported: Path) -> Rows:
    """Return the exported examples of each setting."""
    folder = exported / "en_dense_lm_1_3b" / "sst2"
    settings = ("zs", "icl", "ftzs", "ft")
    texts = {setting: (folder / setting / "record_info.jsonl").read_text() for setting in settings}
    return {setting: [json.loads(line) for line in text.splitlines()] for setting, text in texts.items()}


def _column(rows: Rows, setting: str, name: str) -> list[np.ndarray]:
    return [np.array(row[name], np.float64) for row in rows[setting]]


def _cos(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    cosine: np.ndarray = (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
    return cosine


def _softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(-1, keepdims=True))
    softmax: np.ndarray = powers / powers.sum(-1, keepdims=True)
    return softmax


def test_rec2ftp_is_read_from_gold_and_predicted_labels(evidence: Evidence, rows: Rows) -> None:
    """Among examples that zs misses and ftzs has, the share that icl has."""
    right = {s: np.array([r["gold_label"] == r["pred_label"] for r in rows[s]]) for s in ("zs", "icl", "ftzs")}
    corrected = ~right["zs"] & right["ftzs"]
    ours = np.nanmean(evidence.of(OnTasks("rec2ftp"), "rec2ftp")["toy"])
    assert (right["icl"] & corrected).sum() / corrected.sum() == pytest.approx(ours)


def test_sim_aou_is_read_from_attention_outputs(evidence: Evidence, rows: Rows) -> None:
    """Cosine of the updates of unit outputs, for each example and layer."""
    unit = {}
    for setting in ("zs", "icl", "ftzs"):
        hidden = np.array(_column(rows, setting, "self_attn_out_hiddens"))
        unit[setting] = hidden / np.linalg.norm(hidden, axis=-1, keepdims=True)
    theirs = _cos(unit["icl"] - unit["zs"], unit["ftzs"] - unit["zs"])
    assert theirs == pytest.approx(evidence.of(OnTasks("sim_aou"), "ft")["toy"][0], abs=1e-4)


@pytest.mark.parametrize(("other", "name"), [("ftzs", "ft"), ("zs", "zsl")])
def test_sim_am_is_read_from_attention_maps(evidence: Evidence, rows: Rows, other: str, name: str) -> None:
    """Cosine over the query's own tokens, each example of its own length, then the mean over heads."""
    pairs = zip(_column(rows, "icl", "attn_map"), _column(rows, other, "attn_map"), strict=True)
    theirs = [_cos(icl, compared).mean(axis=-1) for icl, compared in pairs]
    assert len({len(row["attn_map"][0][0]) for row in rows["icl"]}) > 1
    assert np.array(theirs) == pytest.approx(evidence.of(OnTasks("sim_am"), name)["toy"][0], abs=1e-4)


def test_kendall_is_read_from_context_and_training_texts(evidence: Evidence, rows: Rows) -> None:
    """Softmaxed attention to each demonstration token, on both sides, ordered alike as tau says."""
    texts = [text[:, 1:] for text in _column(rows, "ft", "attn_q")]
    kept: list[int] = []
    position = 1
    for text in texts:
        kept += range(position, position + text.shape[1])
        position += text.shape[1] + 1
    training = np.concatenate(texts, axis=1)
    icl = np.array(_column(rows, "icl", "attn_map_ctx"))[:, :, kept]
    ftzs = np.einsum("eld,ltd->elt", np.array(_column(rows, "ftzs", "attn_q")), training)
    theirs = [
        [stats.kendalltau(a, b).statistic for a, b in zip(one, two, strict=True)]
        for one, two in zip(_softmax(icl), _softmax(ftzs), strict=True)
    ]
    assert np.array(theirs) == pytest.approx(evidence.of(OnTasks("kendall"), "ft")["toy"][0], abs=1e-4)


def _run_script(name: str, exported: Path, *arguments: str) -> None:
    given = os.environ.get("ICL_CLAIMS_LMOPS")
    if given is None:
        pytest.skip(f"ICL_CLAIMS_LMOPS is not set: it names the folder of the paper's {name}")
    pytest.importorskip("jsonlines", reason="the paper's scripts read with jsonlines")
    script = (Path(given) / name).read_text(encoding="utf-8")
    placeholder = 'base_dir = "$base_dir/ana_rlt"'
    assert placeholder in script
    copy = exported / name
    copy.write_text(script.replace(placeholder, f"base_dir = {str(exported)!r}"), encoding="utf-8")
    done = subprocess.run([sys.executable, copy, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _result(exported: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((exported / "rlt_json" / name).read_text())
    return found


def test_paper_script_finds_our_rec2ftp_sim_aou_and_sim_am(evidence: Evidence, exported: Path) -> None:
    """compute_sim.py, mode 'all', layer by layer."""
    _run_script("compute_sim.py", exported, "sst2", "all", "1_3b")
    found = _result(exported, "sst2-en_dense_lm_1_3b.json")
    ours = {
        "SimAOU": evidence.of(OnTasks("sim_aou"), "ft"),
        "SimAM": evidence.of(OnTasks("sim_am"), "ft"),
        "ZSL SimAM": evidence.of(OnTasks("sim_am"), "zsl"),
    }
    assert {name: found[name] for name in ours} == {
        name: pytest.approx(values["toy"][0].mean(axis=0), abs=1e-4) for name, values in ours.items()
    }
    assert found["Recall2FTP"] == pytest.approx(100 * np.nanmean(evidence.of(OnTasks("rec2ftp"), "rec2ftp")["toy"]))


def test_paper_script_finds_our_kendall(evidence: Evidence, exported: Path) -> None:
    """compute_training_example_attn.py, at the level of tokens, layer by layer."""
    _run_script("compute_training_example_attn.py", exported, "sst2", "1_3b")
    found = _result(exported, "sst2-en_dense_lm_1_3b_training_attn.json")["token-level kendall"]
    assert found == pytest.approx(evidence.of(OnTasks("kendall"), "ft")["toy"][0].mean(axis=0), abs=1e-4)


def test_separator_that_is_not_one_token_is_refused(project: Project, tmp_path: Path) -> None:
    """The paper's scripts skip exactly one token between demonstrations: a tokenizer without newlines has none."""
    other = Project(tmp_path / "model", project.data)
    shutil.copytree(project.model, other.model)
    tokenizer = other.model / "tokenizer.json"
    told = json.loads(tokenizer.read_text())
    told["pre_tokenizer"]["pattern"] = {"Regex": r"\S+"}
    tokenizer.write_text(json.dumps(told))
    found = cell_of(ready(other.settings(tmp_path / "store", queries=4), OnTasks("accuracy")))
    with pytest.raises(HarnessError, match=r"separated by \[0\] tokens"):
        export_lmops(found, "toy", tmp_path / "out", "1_3b", "sst2")
    assert not (tmp_path / "out").exists()


def test_folder_that_cannot_be_written_is_one_error(cell: Cell, tmp_path: Path) -> None:
    """Below a regular file there is no folder."""
    (tmp_path / "file").touch()
    with pytest.raises(HarnessError, match=r"can't write the export under .*choose another folder"):
        export_lmops(cell, "toy", tmp_path / "file" / "out", "1_3b", "sst2")
