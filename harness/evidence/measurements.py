"""The metrics, by name: what each claim and its baselines and controls are made of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from harness.data import Cell, CellAndStart, ExpandedParts, Setting
from harness.errors import HarnessError
from harness.evidence.by_head import measure_sim_am_by_head
from harness.metrics import (
    changed_at_random,
    isotropic_like,
    kendall,
    of_partners,
    others_of_class,
    others_of_other_class,
    permuted,
    permuted_within,
    rec2ftp,
    scrambled,
    sim_am,
    sim_am_of_differences,
    sim_am_of_partners,
    sim_aou,
    sim_aou_with_update,
    token_order,
    training_attention,
    uniform_like,
)
from harness.metrics.distributions import change_agreement, kl_divergence, token_overlap, total_variation
from harness.metrics.order import (
    disagreement_of_orders_and_sets,
    log_ratio,
    log_ratio_of_means,
    spread_of_orders_and_sets,
)
from harness.metrics.relaxed import direction, explained_share, log_size_ratio
from harness.metrics.sim_aou import attention_output_update

VERSION = 2
"""Raised when measurements change, so that none is read from an older store."""

VERSIONS = {"sim_aou": 4, "sim_am": 4, "kendall": 3, "relaxed": 3}
"""Of those that changed since."""

DRAWS = 5
"""How often an example is paired with another one."""

ByTask = Mapping[str, np.ndarray]
"""One array a task: [seed, example], [seed, example, layer] or [seed, draw, example, layer]; seeds are demonstration
sets."""

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


def measure_divergences(cell: Cell, _rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """KL(ICL || FT) and KL(ICL || ZSL) over the answer words [example], in nats.

    1 - mean(kl_icl_ft) / mean(kl_icl_zsl) is how much of the way from ZSL to ICL finetuning goes.
    """
    icl = cell.icl.label_logits
    return {f"kl_icl_{name}": kl_divergence(icl, of.label_logits) for name, of in (("ft", cell.ft), ("zsl", cell.zsl))}


def measure_sim_aou(cell: Cell, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """SimAOU [example, layer], with FT's update replaced by noise, by a scrambled one, and by another example's.

    `random_change` is to outputs that changed by as much as FT's, in any direction: unlike noise in the update's place
    it shares ZSL with ICL, as FT does (see `harness.metrics.sim_aou.changed_at_random`).
    `other_example` is the one before, whatever its label. `other_of_class` and `other_class` [draw, example, layer] are
    drawn at random among those of the same gold label and of another (see `harness.metrics.pairing`).
    """
    zsl, icl = cell.zsl.attn_out, cell.icl.attn_out
    update = attention_output_update(cell.ft.attn_out, zsl)
    return {
        "ft": sim_aou(zsl, icl, cell.ft.attn_out),
        "uniform": sim_aou_with_update(zsl, icl, uniform_like(update, rng)),
        "isotropic": sim_aou_with_update(zsl, icl, isotropic_like(update, rng)),
        "control": sim_aou_with_update(zsl, icl, scrambled(update, rng)),
        "other_example": sim_aou_with_update(zsl, icl, np.roll(update, 1, axis=0)),
        **{
            name: np.stack([sim_aou_with_update(zsl, icl, of_partners(update, p)) for p in partners])
            for name, partners in _partners(cell, rng)
        },
        "random_change": sim_aou(zsl, icl, changed_at_random(cell.ft.attn_out, zsl, rng)),
    }


def _partners(cell: Cell, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """Yield by name with whom each example is paired, [draw, example]; drawn when asked for."""
    yield "other_of_class", others_of_class(cell.zsl.gold, DRAWS, rng)
    yield "other_class", others_of_other_class(cell.zsl.gold, DRAWS, rng)


def measure_sim_am(cell: Cell, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """SimAM [example, layer] of ICL to FT, to ZSL, to noise, and on differences from ZSL.

    On differences too, [draw, example, layer]: `other_of_class` and `other_class` with FT's map of another example of
    the same gold label or of another, over the tokens that both have counted from the end; `own_cut` and
    `own_cut_other_class` with the example's own, cut to the same tokens (see
    `harness.metrics.sim_am.sim_am_of_partners`).
    """
    zsl, icl, ft = cell.zsl.scores_query, cell.icl.scores_query, cell.ft.scores_query
    found = {
        "ft": sim_am(icl, ft),
        "zsl": sim_am(icl, zsl),
        "uniform": sim_am(icl, uniform_like(icl, rng)),
        "isotropic": sim_am(icl, isotropic_like(icl, rng)),
        "differences": sim_am_of_differences(zsl, icl, ft),
    }
    for (name, partners), own in zip(_partners(cell, rng), ("own_cut", "own_cut_other_class"), strict=True):
        found[name], found[own] = sim_am_of_partners(zsl, icl, ft, partners)
    return found


def measure_kendall(cell: CellAndStart, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """Kendall's tau [example, layer] of ICL's and FT's attention to the demonstrations' tokens, and to noise.

    `unfinetuned` is with the same inner products where no step was taken: the example's query vector under ZSL with
    the untouched model's at the training tokens. `within` is with FT's attention permuted among the tokens of each
    demonstration: of hundreds of tokens one draw is enough. `other_of_class` [draw, example, layer] is with FT's
    attention of another example of the same gold label.
    """
    in_context, in_training = attention_to_demonstrations(cell)
    icl, ft = token_order(in_context), token_order(in_training)
    lengths = [last - first for first, last in cell.spans]
    return {
        "ft": kendall(icl, ft),
        "uniform": kendall(icl, uniform_like(in_training, rng)),
        "isotropic": kendall(icl, isotropic_like(in_training, rng)),
        "control": kendall(icl, permuted(in_training, rng)),
        "unfinetuned": kendall(icl, attention_before_training(cell)),
        "within": kendall(icl, permuted_within(in_training, lengths, rng)),
        "other_of_class": np.stack(
            [kendall(icl, ft.of_partners(p)) for p in others_of_class(cell.zsl.gold, DRAWS, rng)]
        ),
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
    in_training = training_attention(cell.ft.query_vectors, cell.training_queries[:, _trained_on(cell)])
    return cell.icl.scores_context[:, :, tokens].astype(np.float64), in_training


def attention_before_training(cell: CellAndStart) -> np.ndarray:
    """Return FT's attention to the demonstrations' tokens [example, layer, token] where no step was taken."""
    return training_attention(cell.zsl.query_vectors, cell.starting_queries[:, _trained_on(cell)])


def _trained_on(cell: Cell) -> np.ndarray:
    """Return where the demonstrations' tokens stand among all training tokens."""
    lengths = [last - first for first, last in cell.spans]
    starts = np.cumsum([0, *(n + 1 for n in lengths[:-1])])
    return np.concatenate([np.arange(s + 1, s + 1 + n) for s, n in zip(starts, lengths, strict=True)])


def measure_relaxed(parts: tuple[ExpandedParts, ExpandedParts], rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """Compare attention with its relaxed form and with the mean of all values, [example, layer], heads averaged.

    `first_order` is softmax expanded around equal scores (see `ExpandedParts`), and `first_order_explained` how much of
    the change that ICL makes to ZSL's attention this form's own change is. Controls: either form scrambled. `mass` and
    `explained` say what the demonstrations' part does to ZSL's attention: how much softmax weight it has, and how much
    of the change that ICL makes it is.
    """
    zsl, icl = parts
    real, relaxed = icl.whole, direction(icl.relaxed, icl.whole)
    first_order, change = direction(icl.first_order, real), icl.whole - zsl.whole
    part = icl.mass[..., None] * (icl.context - icl.own)
    return {
        "relaxed": relaxed.mean(axis=2),
        "relaxed_best_head": relaxed.max(axis=2),
        "relaxed_worst_head": relaxed.min(axis=2),
        "uniform": direction(icl.uniform, real).mean(axis=2),
        "control": direction(scrambled(icl.relaxed, rng), real).mean(axis=2),
        "log_size": np.nanmean(log_size_ratio(icl.relaxed, real), axis=2),
        "mass": icl.mass.mean(axis=2).astype(np.float64),
        "explained": explained_share(change, part),
        "first_order": first_order.mean(axis=2),
        "first_order_best_head": first_order.max(axis=2),
        "first_order_worst_head": first_order.min(axis=2),
        "first_order_log_size": np.nanmean(log_size_ratio(icl.first_order, real), axis=2),
        "first_order_explained": explained_share(change, icl.first_order - zsl.first_order),
        "first_order_control": direction(scrambled(icl.first_order, rng), real).mean(axis=2),
    }


def measure_updates(compared: Mapping[str, np.ndarray], _rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """Average the likeness of dW_FT to dW_ICL and its baselines over key-value heads, [example, layer]."""
    return {name: values.mean(axis=2) for name, values in compared.items()}


def measure_orders_and_sets(sets: Sequence[Sequence[Cell]], _rng: np.random.Generator) -> Mapping[str, np.ndarray]:
    """Return how much an outcome differs between orders of one demonstration set, against sets, each in its own order.

    For settings `icl` and `ft`: `<setting>_answers_orders` and `_sets`, shares of pairs that answer differently
    [example]; `<setting>_outputs_orders` and `_sets`, mean distances of the changes of attention outputs, less what is
    common to all [example, layer]; `<setting>_answers_ratio` [example] and `<setting>_outputs_ratio` [example, layer],
    the logarithm of orders' over sets' (see `harness.metrics.order`).
    """
    found: dict[str, np.ndarray] = {}
    for setting in ("icl", "ft"):
        rows = [[getattr(cell, setting) for cell in cells] for cells in sets]
        zsl = sets[0][0].zsl.attn_out
        answers = disagreement_of_orders_and_sets(np.array([[r.predicted for r in row] for row in rows]))
        changes = np.array([[attention_output_update(r.attn_out, zsl) for r in row] for row in rows])
        outputs = spread_of_orders_and_sets(changes)
        found |= {f"{setting}_answers_orders": answers[0], f"{setting}_answers_sets": answers[1]}
        found |= {f"{setting}_outputs_orders": outputs[0], f"{setting}_outputs_sets": outputs[1]}
        found |= {f"{setting}_answers_ratio": log_ratio_of_means(*answers)}
        found |= {f"{setting}_outputs_ratio": log_ratio(*outputs)}
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
    "divergences": ("cell", measure_divergences),
    "sim_aou": ("cell", measure_sim_aou),
    "sim_am": ("cell", measure_sim_am),
    "sim_am_by_head": ("cell and reading", measure_sim_am_by_head),
    "kendall": ("cell from start", measure_kendall),
    "relaxed": ("parts", measure_relaxed),
    "updates": ("updates", measure_updates),
    "orders_and_sets": ("orders of sets", measure_orders_and_sets),
    "distributions": ("next_tokens", measure_distributions),
}
"""By name: what it is measured on, and how."""
