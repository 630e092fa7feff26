"""Write a task's recordings in the form that the paper's own scripts read.

The scripts are understand_icl/icl_ft/compute_sim.py and compute_training_example_attn.py of microsoft/LMOps. They
read <out>/en_dense_lm_<model>/<task>/<setting>/record_info.jsonl, one JSON object an example, and write to
<out>/rlt_json; <out> is what their `base_dir` must be set to. Their settings are zs (ZSL), icl (ICL), ftzs (the
finetuned model reading what ZSL reads) and ft (the training texts while they are trained on).
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from harness.data import Cell, Recording
from harness.errors import HarnessError


def record_files(out: Path, model: str, as_task: str) -> Mapping[str, Path]:
    """Return by setting the file that the scripts read, under the names that they are called with."""
    folder = out / f"en_dense_lm_{model}" / as_task
    return {setting: folder / setting / "record_info.jsonl" for setting in ("zs", "icl", "ftzs", "ft")}


def export_lmops(cell: Cell, task: str, out: Path, model: str, as_task: str) -> list[Path]:
    """Write the four settings of a task's cell; return the files.

    `model` and `as_task` are the names that the scripts will be called with; the second script knows the paper's
    six task names only (it looks up the number of demonstrations, but does not use it).

    Raises:
        HarnessError: the task's separator is not one token, as the scripts take for granted; `out` can't be written.

    """
    gaps = {after[0] - before[1] for before, after in zip(cell.spans, cell.spans[1:], strict=False)}
    if gaps - {1}:
        raise HarnessError(
            f"task '{task}': demonstrations are separated by {sorted(gaps)} tokens, but the paper's scripts skip "
            "exactly one; export with a model whose separator is one token",
        )
    settings: Mapping[str, Iterable[Mapping[str, object]]] = {
        "zs": _queries(cell.zsl),
        "icl": _queries(cell.icl),
        "ftzs": _queries(cell.ft),
        "ft": _training_texts(cell),
    }
    files = record_files(out, model, as_task)
    try:
        (out / "rlt_json").mkdir(parents=True, exist_ok=True)
        for name, path in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_lines(path, settings[name])
    except OSError as error:
        raise HarnessError(f"can't write the export under '{out}' ({error}); choose another folder") from error
    return list(files.values())


def _queries(recording: Recording) -> Iterator[Mapping[str, object]]:
    for i, length in enumerate(recording.query_lengths):
        yield {
            "self_attn_out_hiddens": recording.attn_out[i].tolist(),
            "attn_map": recording.scores_query[i, :, :, :length].tolist(),
            "attn_map_ctx": recording.scores_context[i].tolist(),
            "attn_q": recording.query_vectors[i].tolist(),
            "gold_label": int(recording.gold[i]),
            "pred_label": int(recording.predicted[i]),
        }


def _training_texts(cell: Cell) -> Iterator[Mapping[str, object]]:
    ends = np.cumsum([last - first + 1 for first, last in cell.spans])  # each with its start token
    for part in np.split(cell.training_queries, ends[:-1], axis=1):
        yield {"attn_q": part.tolist()}


def _write_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row) + "\n")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
