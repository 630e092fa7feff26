"""Runs that test the theory on the model: attention taken apart, the two weight updates, and causality."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.data import AttentionParts, Setting
from harness.metrics.noise import isotropic_like, scrambled
from harness.metrics.weight_updates import Directions, frobenius_cosine, leading_directions, shared_directions
from harness.runs.entries import from_parts_entry, to_parts_entry
from harness.runs.runs import Runs
from harness.seeds import stream
from harness.store import Entry

TRAINED = 8
"""Demonstrations that the causal order of training is tried on: later steps repeat the first ones' statement."""


def attention_parts(runs: Runs, task: str, setting: Setting, candidate: int) -> AttentionParts:
    """Return the parts of every test query's last-token attention.

    None of these runs counts in the time left that is shown: they take seconds beside minutes.
    """

    def compute() -> Entry:
        from harness.models.parts import attention_parts as take_apart  # noqa: PLC0415  # slow import

        prompts = runs.prompts(task, "test", candidate)
        return to_parts_entry(take_apart(runs.model, prompts, setting, runs.settings.batch_size))

    key = runs.key(task, "test", setting, candidate if setting is Setting.ICL else None)
    what = f"{task}: attention of {setting.name} taken apart"
    return from_parts_entry(runs.step("parts", key, what, 0.0, compute))


def weight_updates(runs: Runs, task: str, candidate: int, rate: float) -> Mapping[str, np.ndarray]:
    """Return how like dW_FT is to dW_ICL and to its baselines, each [example, layer, kv_head].

    The updates themselves are compared at once and not kept: one d_head x d_head matrix an example, layer and head.
    `permuted` pairs each demonstration token's value with another token's key, `isotropic` is normal noise, and
    `control` is dW_FT with each row's entries permuted and signs turned at random.
    """

    def compute() -> Entry:
        import torch  # noqa: PLC0415  # slow import

        from harness.dual_form.linear_attention import outer_sum  # noqa: PLC0415  # brings torch
        from harness.models.updates import demonstration_projections, ft_updates  # noqa: PLC0415

        prompts = runs.prompts(task, "test", candidate)
        rng = stream(runs.settings.seed, "weight updates", task, candidate)
        values, keys = demonstration_projections(runs.model, prompts)
        shuffled = torch.from_numpy(rng.permutation(values.shape[-2])).to(values.device)
        updates = [_numpy(outer_sum(values, k)) for k in (keys, keys[..., shuffled, :])]
        implicit, permuted = (_Implicit(update, leading_directions(update)) for update in updates)
        weights = runs.finetuned_weights(task, candidate, rate)
        rows = [
            _compare(_numpy(explicit), implicit, permuted, rng) for explicit in ft_updates(runs.model, prompts, weights)
        ]
        return Entry({name: np.stack([row[name] for row in rows]) for name in rows[0]}, {})

    key = runs.key(task, "test", None, candidate, rate)
    return runs.step("updates", key, f"{task}: dW_ICL against dW_FT", 0.0, compute).tensors


@dataclass(frozen=True)
class _Implicit:
    """dW_ICL, or it with values and keys paired at random, and its leading directions, worked out once."""

    update: np.ndarray
    directions: Directions


def _compare(
    explicit: np.ndarray, implicit: _Implicit, permuted: _Implicit, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    noise = isotropic_like(explicit, rng)
    flat = explicit.reshape(*explicit.shape[:-2], -1)
    control = scrambled(flat, rng).reshape(explicit.shape)
    directions = leading_directions(explicit)
    return {
        "cosine_icl": frobenius_cosine(explicit, implicit.update),
        "cosine_permuted": frobenius_cosine(explicit, permuted.update),
        "cosine_isotropic": frobenius_cosine(explicit, noise),
        "cosine_control": frobenius_cosine(control, implicit.update),
        "overlap_icl": shared_directions(directions, implicit.directions),
        "overlap_permuted": shared_directions(directions, permuted.directions),
        "overlap_isotropic": shared_directions(directions, leading_directions(noise)),
    }


def causality(runs: Runs, task: str, candidate: int, rate: float) -> Mapping[str, float]:
    """Return what ICL and finetuning share on one task, as errors that are 0 where it is exact.

    `tokens`: demonstration tokens that differ between the ICL prefix and the training texts.
    `keys_values`: largest relative change of the first half's keys and values when the second half is replaced;
    `keys_values_control`: of the second half's when the first is replaced.
    `weights`: largest change of the finetuned weights after half of the steps when later demonstrations are replaced.
    `others`: parameters' entries outside key and value projections that finetuning changed.
    """

    def compute() -> Entry:
        prompts = runs.prompts(task, "test", candidate)
        tokens = sum(
            prompts.prefix[first:last] != text[1:]
            for (first, last), text in zip(prompts.spans, prompts.demonstrations, strict=True)
        )
        facts: dict[str, Any] = {"tokens": float(tokens), "demonstrations": len(prompts.spans)}
        facts |= _prefix_causality(runs, prompts.prefix, prompts.spans)
        return Entry({}, facts | _training_causality(runs, prompts.demonstrations, rate))

    key = runs.key(task, "test", None, candidate, rate)
    found = runs.step("causality", key, f"{task}: causal order", 0.0, compute).facts
    return {name: float(value) for name, value in found.items()}  # type: ignore[arg-type]


def _prefix_causality(runs: Runs, prefix: Sequence[int], spans: Sequence[tuple[int, int]]) -> dict[str, float]:
    from harness.models.scoring import encode_prefix  # noqa: PLC0415  # slow import

    middle = spans[len(spans) // 2][0]
    whole = encode_prefix(runs.model, prefix)
    later = encode_prefix(runs.model, [*prefix[:middle], *reversed(prefix[middle:])])
    earlier = encode_prefix(runs.model, [prefix[0], *reversed(prefix[1:middle]), *prefix[middle:]])

    def change(other: Any, tokens: slice) -> float:
        pairs = zip((*whole.keys, *whole.values), (*other.keys, *other.values), strict=True)
        return max(float((a[:, tokens] - b[:, tokens]).abs().max() / a.abs().max()) for a, b in pairs)

    return {
        "keys_values": change(later, slice(0, middle)),
        "keys_values_control": change(earlier, slice(middle, None)),
    }


def _training_causality(runs: Runs, demonstrations: Sequence[Sequence[int]], rate: float) -> dict[str, float]:
    from harness.models.finetuning import finetune  # noqa: PLC0415  # slow import

    demonstrations = demonstrations[:TRAINED]
    half = len(demonstrations) // 2
    snapshots: list[list[Any]] = []

    def run(texts: Sequence[Sequence[int]]) -> Any:
        steps = 0

        def snapshot(done: int) -> None:
            nonlocal steps
            steps += done
            if steps == half:
                snapshots.append([s.of(s.parameter).detach().clone() for s in runs.model.key_value_slices])

        return finetune(runs.model, texts, rate, progress=snapshot)

    before = {name: p.detach().clone() for name, p in runs.model.network.named_parameters()}
    found = run(demonstrations)
    run([*demonstrations[:half], *reversed(demonstrations[half:])])
    weights = max(float((a - b).abs().max()) for a, b in zip(*snapshots, strict=True))
    with runs.model.with_weights(found.weights):
        outside = {name: p.detach().clone() for name, p in runs.model.network.named_parameters()}
    paths = {id(p): name for name, p in runs.model.network.named_parameters()}
    for s in runs.model.key_value_slices:
        s.of(outside[paths[id(s.parameter)]]).copy_(s.of(before[paths[id(s.parameter)]]))
    others = sum(int((outside[name] != before[name]).sum()) for name in before)
    return {"weights": weights, "others": float(others)}


def _numpy(tensor: Any) -> np.ndarray:
    array: np.ndarray = tensor.float().cpu().numpy()
    return array


def trained_regression(runs: Runs, dimension: int = 5, layers: int = 10) -> Mapping[str, np.ndarray]:
    """Return how like linear attention layers trained on in-context regression are to one gradient step, [layer].

    Each layer is trained from its own start on its own tasks, and compared on 10,000 tasks of its own with the
    construction of von Oswald et al.; `untrained` is the same for the layer before its first step.
    """

    def compute() -> Entry:
        import torch  # noqa: PLC0415  # slow import

        from harness.dual_form.trained_regression import (  # noqa: PLC0415
            Training,
            compare,
            draw_tasks,
            gradient_step_layer,
            train_layer,
        )

        rows = []
        for layer in range(layers):
            seeds = stream(runs.settings.seed, "regression", layer).integers(2**62, size=2).tolist()
            held_out = draw_tasks(10_000, dimension, dimension, torch.Generator().manual_seed(seeds[1]))
            step = gradient_step_layer(dimension, dimension)
            trained, untrained = (
                compare(train_layer(dimension, dimension, torch.Generator().manual_seed(seeds[0]), how), step, held_out)
                for how in (Training(), Training(steps=0))
            )
            rows.append(
                {
                    "explained": 1 - trained.prediction_difference / trained.prediction_size,
                    "cosine": trained.sensitivity_cosine,
                    "cosine_untrained": untrained.sensitivity_cosine,
                    "loss": trained.loss_trained,
                    "loss_gradient_step": trained.loss_constructed,
                }
            )
        return Entry({name: np.array([row[name] for row in rows]) for name in rows[0]}, {})

    key = {"dimension": dimension, "layers": layers, "seed": runs.settings.seed}
    return runs.store.find_or_compute("regression", key, compute).tensors
