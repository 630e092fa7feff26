"""The metrics, by name: what each claim and its baselines and controls are made of."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from harness.data import AttentionParts, Cell, Setting
from harness.errors import HarnessError
from harness.metrics import (
    isotropic_like,
    kendall,
    permuted,
    rec2ftp,
    scrambled,
    sim_am,
    sim_am_of_differences,
    sim_aou,
    sim_aou_unscaled,
    sim_aou_with_update,
    training_attention,
    uniform_like,
)
from harness.metrics.distributions import change_agreement, token_overlap, total_variation
from harness.metrics.order import disagreement, spread
from harness.metrics.relaxed import direction, explained_share, log_size_ratio
from harness.metrics.sim_aou import attention_output_update

VERSION = 2
"""Raised when a measurement changes, so that none is read from an older store."""

ByTask = Mapping[str, np.ndarray]
"""One array a task: [seed, example] or [seed, example, layer]; seeds are demonstration sets."""

Measure = Callable[[Any, np.random.Generator], Mapping[str, np.ndarray]]


def measure_accuracy(cell: Cell, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """Right answers [example] by setting; control: the same predictions against labels drawn at random.

    Drawn, not the gold labels permuted: where classes are unbalanced, a setting that favours the larger class is
    right more often than another under permuted labels too.
    """
    drawn = rng.integers(cell.zsl.label_logits.shape[1], size=len(cell.zsl.gold))
    by_setting = {"zsl": cell.zsl, "icl": cell.icl, "ft": cell.ft}
    right = {name: recording.correct.astype(float) for name, recording in by_setting.items()}
    control = {f"{name}_control": (r.predicted == drawn).astype(float) for name, r in by_setting.items()}
    return right | control


def measure_rec2ftp(cell: Cell, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """Rec2FTP's cases [example]; control: ICL's answers drawn at random; `icl_uncorrected`: the others ZSL misses."""
    answers = cell.icl.label_logits.shape[1]
    guessed = rng.integers(answers, size=len(cell.icl.gold)) == cell.icl.gold
    zsl, icl, ft = cell.zsl.correct, cell.icl.correct, cell.ft.correct
    return {
        "rec2ftp": rec2ftp(zsl, icl, ft),
        "control": rec2ftp(zsl, guessed, ft),
        "icl_uncorrected": rec2ftp(zsl, icl, ~ft),
    }


def measure_sim_aou(cell: Cell, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """SimAOU [example, layer], with FT's update replaced by noise, by a scrambled one, and by another example's."""
    zsl, icl = cell.zsl.attn_out, cell.icl.attn_out
    update = attention_output_update(cell.ft.attn_out, zsl)
    return {
        "ft": sim_aou(zsl, icl, cell.ft.attn_out),
        "uniform": sim_aou_with_update(zsl, icl, uniform_like(update, rng)),
        "isotropic": sim_aou_with_update(zsl, icl, isotropic_like(update, rng)),
        "control": sim_aou_with_update(zsl, icl, scrambled(update, rng)),
        "other_example": sim_aou_with_update(zsl, icl, np.roll(update, 1, axis=0)),
    }


def measure_unscaled(cell: Cell, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """SimAOU without unit scaling [example, layer], with FT's update, the paper's noise, and another example's."""
    zsl, icl, ft = (recording.attn_out.astype(np.float64) for recording in (cell.zsl, cell.icl, cell.ft))
    other = zsl + np.roll(ft - zsl, 1, axis=0)
    return {
        "ft": sim_aou_unscaled(zsl, icl, ft),
        "uniform": sim_aou_unscaled(zsl, icl, zsl + uniform_like(zsl, rng)),
        "other_example": sim_aou_unscaled(zsl, icl, other),
    }


def measure_sim_am(cell: Cell, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """SimAM [example, layer] of ICL to FT, to ZSL, to noise, and on differences from ZSL.

    Control: for each example a fair coin says which of the maps counts as FT's.
    """
    zsl, icl, ft = cell.zsl.scores_query, cell.icl.scores_query, cell.ft.scores_query
    to_ft, to_zsl = sim_am(icl, ft), sim_am(icl, zsl)
    swapped = rng.integers(2, size=(len(icl), 1)).astype(bool)
    return {
        "ft": to_ft,
        "zsl": to_zsl,
        "control_ft": np.where(swapped, to_zsl, to_ft),
        "control_zsl": np.where(swapped, to_ft, to_zsl),
        "uniform": sim_am(icl, uniform_like(icl, rng)),
        "isotropic": sim_am(icl, isotropic_like(icl, rng)),
        "differences": sim_am_of_differences(zsl, icl, ft),
    }


def measure_kendall(cell: Cell, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """Kendall's tau [example, layer] of ICL's and FT's attention to the demonstrations' tokens, and to noise."""
    in_context, in_training = attention_to_demonstrations(cell)
    return {
        "ft": kendall(in_context, in_training),
        "uniform": kendall(in_context, uniform_like(in_training, rng)),
        "isotropic": kendall(in_context, isotropic_like(in_training, rng)),
        "control": kendall(in_context, permuted(in_training, rng)),
    }


def attention_to_demonstrations(cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """Return ICL's and FT's attention to the same demonstration tokens, both [example, layer, token].

    Start tokens and separators are left out: the first stand before every training text, the second in none.

    Raises:
        HarnessError: finetuning read other texts than the context holds, so that no token is in both.

    """
    if not cell.trained_on_context:
        raise HarnessError(
            "Kendall's tau matches the context's demonstration tokens with those of training, and this cell was "
            "finetuned on other texts: ask for another measurement of it",
        )
    tokens = np.concatenate([np.arange(first, last) for first, last in cell.spans])
    lengths = [last - first for first, last in cell.spans]
    starts = np.cumsum([0, *(n + 1 for n in lengths[:-1])])
    trained = np.concatenate([np.arange(s + 1, s + 1 + n) for s, n in zip(starts, lengths, strict=True)])
    in_training = training_attention(cell.ft.query_vectors, cell.training_queries[:, trained])
    return cell.icl.scores_context[:, :, tokens].astype(np.float64), in_training


def measure_relaxed(parts: tuple[AttentionParts, AttentionParts], rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """Compare attention with its relaxed form and with the mean of all values, [example, layer], heads averaged.

    Control: the relaxed form scrambled. `mass` and `explained` say what the demonstrations' part does to ZSL's
    attention: how much softmax weight it has, and how much of the change that ICL makes it is.
    """
    zsl, icl = parts
    real, relaxed = icl.whole, direction(icl.relaxed, icl.whole)
    part = icl.mass[..., None] * (icl.context - icl.own)
    return {
        "relaxed": relaxed.mean(axis=2),
        "relaxed_best_head": relaxed.max(axis=2),
        "relaxed_worst_head": relaxed.min(axis=2),
        "uniform": direction(icl.uniform, real).mean(axis=2),
        "control": direction(scrambled(icl.relaxed, rng), real).mean(axis=2),
        "log_size": np.nanmean(log_size_ratio(icl.relaxed, real), axis=2),
        "mass": icl.mass.mean(axis=2).astype(np.float64),
        "explained": explained_share(icl.whole - zsl.whole, part),
    }


def measure_updates(compared: Mapping[str, np.ndarray], _rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """Average the likeness of dW_FT to dW_ICL and its baselines over key-value heads, [example, layer]."""
    return {name: values.mean(axis=2) for name, values in compared.items()}


def measure_order_spread(cells: Sequence[Cell], _rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """Return how much an example's outcome differs between orders of the same demonstrations.

    `<setting>_answers`: share of pairs of orders that answer differently [example]; `<setting>_outputs`: mean over
    pairs of 1 - cosine of the changes of attention outputs [example, layer]; settings `icl` and `ft`.
    """
    found = {}
    for setting in ("icl", "ft"):
        recordings = [getattr(cell, setting) for cell in cells]
        changes = [attention_output_update(r.attn_out, cells[0].zsl.attn_out) for r in recordings]
        found[f"{setting}_answers"] = disagreement(np.stack([r.predicted for r in recordings]))
        found[f"{setting}_outputs"] = spread(np.stack(changes))
    return found


def measure_distributions(
    found: tuple[Cell, Mapping[Setting, np.ndarray]], _rng: np.random.Generator
) -> Mapping[str, np.ndarray]:
    """Return how like the settings' output distributions are, [example].

    `answers_<a>_<b>` and `next_<a>_<b>`: total variation over the answer words and over the vocabulary;
    `overlap_<a>_<b>`: share of the ten likeliest next tokens in common; `agreement`: cosine of ICL's and FT's
    changes of the next token's centred log-probabilities.
    """
    cell, following = found
    zsl, icl, ft = (following[setting] for setting in (Setting.ZSL, Setting.ICL, Setting.FT))
    words = cell.icl.label_logits
    return {
        "answers_icl_ft": total_variation(words, cell.ft.label_logits),
        "answers_icl_zsl": total_variation(words, cell.zsl.label_logits),
        "next_icl_ft": total_variation(icl, ft),
        "next_icl_zsl": total_variation(icl, zsl),
        "overlap_icl_ft": token_overlap(icl, ft),
        "overlap_icl_zsl": token_overlap(icl, zsl),
        "agreement": change_agreement(zsl, icl, ft),
    }


MEASUREMENTS: Mapping[str, tuple[str, Measure]] = {
    "accuracy": ("cell", measure_accuracy),
    "rec2ftp": ("cell", measure_rec2ftp),
    "sim_aou": ("cell", measure_sim_aou),
    "sim_aou_unscaled": ("cell", measure_unscaled),
    "sim_am": ("cell", measure_sim_am),
    "kendall": ("cell", measure_kendall),
    "relaxed": ("parts", measure_relaxed),
    "updates": ("updates", measure_updates),
    "order_spread": ("orders", measure_order_spread),
    "distributions": ("next_tokens", measure_distributions),
}
"""By name: what it is measured on, and how."""
