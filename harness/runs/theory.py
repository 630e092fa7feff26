"""Runs that test the theory on the model: attention taken apart, the two weight updates, and causal order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.data import Setting
from harness.metrics.noise import isotropic_like, scrambled
from harness.metrics.weight_updates import Directions, frobenius_cosine, leading_directions, shared_directions
from harness.runs.entries import to_parts_entry
from harness.runs.finetuning import FinetuningRun, weights_of
from harness.runs.loaded import model_of
from harness.runs.prompting import prompts_of
from harness.runs.run import Run
from harness.seeds import stream
from harness.store import Entry, Record, Store

if TYPE_CHECKING:
    from harness.models.language_model import LanguageModel

TRAINED = 8
"""Demonstrations that the causal order of training is tried on: later steps repeat the first ones' statement."""


class _TakenApart(Run):
    """Every example's last-token attention under one setting, taken apart in one pass."""

    @property
    def together(self) -> Sequence[Run]:
        """The parts, and what is worked out of them on the way."""
        return self.becoming(PartsRun), self.becoming(FirstOrderRun)

    def compute(self, store: Store) -> Entry:
        """Take attention apart."""
        return next(entry for kind, entry in self._all(store) if isinstance(self, kind))

    def compute_together(self, store: Store) -> Iterator[Entry]:
        """Take attention apart once for both."""
        return (entry for _, entry in self._all(store))

    def _all(self, store: Store) -> Iterator[tuple[type[Run], Entry]]:
        from harness.models.parts import attention_parts  # noqa: PLC0415  # slow import

        setting = Setting.ICL if self.setting is Setting.ICL else Setting.ZSL
        found = attention_parts(model_of(self, store), prompts_of(self, store), setting, self.batch_size)
        yield PartsRun, to_parts_entry(found)
        yield FirstOrderRun, Entry({"first_order": found.first_order}, {})


class PartsRun(_TakenApart):
    """The parts of every example's last-token attention under one setting (see `AttentionParts`)."""

    kinds = ("parts", "control_parts")
    says = "{task}: attention of {setting} taken apart"


class FirstOrderRun(_TakenApart):
    """Every example's last-token attention to first order in its scores, under one setting (see `ExpandedParts`)."""

    kinds = ("first_order", "control_first_order")
    says = "{task}: attention of {setting} to first order"


class UpdatesRun(Run):
    """How like dW_FT is to dW_ICL and to its baselines, each [example, layer, kv_head].

    The updates themselves are compared at once and not kept: one d_head x d_head matrix an example, layer and head.
    `permuted` pairs each demonstration token's value with another token's key, `isotropic` is normal noise, and
    `control` is dW_FT with each row's entries permuted and signs turned at random.
    """

    kinds = ("updates", "control_updates")
    says = "{task}: dW_ICL against dW_FT"

    @property
    def inputs(self) -> Sequence[Record]:
        """The finetuning whose update is compared."""
        return (self.becoming(FinetuningRun),)

    def compute(self, store: Store) -> Entry:
        """Compare the updates example by example."""
        import torch  # noqa: PLC0415  # slow import

        from harness.dual_form.linear_attention import outer_sum  # noqa: PLC0415  # brings torch
        from harness.models.updates import demonstration_projections, ft_updates  # noqa: PLC0415

        model, prompts, drawn = model_of(self, store), prompts_of(self, store), self.demonstrations
        assert drawn is not None, "updates are of demonstrations"
        rng = stream(drawn.seed, "weight updates", self.task.name, drawn.candidate)
        values, keys = demonstration_projections(model, prompts)
        shuffled = torch.from_numpy(rng.permutation(values.shape[-2])).to(values.device)
        updates = [_numpy(outer_sum(values, k)) for k in (keys, keys[..., shuffled, :])]
        implicit, permuted = (_Implicit(update, leading_directions(update)) for update in updates)
        weights = weights_of(store.find_or_run(self.becoming(FinetuningRun)))
        rows = [_compare(_numpy(explicit), implicit, permuted, rng) for explicit in ft_updates(model, prompts, weights)]
        return Entry({name: np.stack([row[name] for row in rows]) for name in rows[0]}, {})


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


class CausalityRun(Run):
    """What ICL and finetuning share, as errors that are 0 where that holds exactly.

    `tokens`: demonstration tokens that differ between the ICL prefix and the training texts.
    `keys_values`: largest relative change of the first half's keys and values when the second half is replaced;
    `keys_values_control`: of the second half's when the first is replaced.
    `weights`: largest change of the finetuned weights after half of the steps when later demonstrations are replaced.
    `others`: parameters' entries outside key and value projections that finetuning changed.
    """

    kinds = ("causality", "control_causality")
    says = "{task}: causal order"

    def compute(self, store: Store) -> Entry:
        """Replace one half of the demonstrations, then the other."""
        model, prompts = model_of(self, store), prompts_of(self, store)
        tokens = sum(
            prompts.prefix[first:last] != text[1:]
            for (first, last), text in zip(prompts.spans, prompts.demonstrations, strict=True)
        )
        facts: dict[str, Any] = {"tokens": float(tokens), "demonstrations": len(prompts.spans)}
        facts |= _prefix_causality(model, prompts.prefix, prompts.spans)
        return Entry({}, facts | _training_causality(model, prompts.demonstrations, self.learning_rate or 0.0))


def _prefix_causality(
    model: "LanguageModel", prefix: Sequence[int], spans: Sequence[tuple[int, int]]
) -> dict[str, float]:
    from harness.models.scoring import encode_prefix  # noqa: PLC0415  # slow import

    middle = spans[len(spans) // 2][0]
    whole = encode_prefix(model, prefix)
    later = encode_prefix(model, [*prefix[:middle], *reversed(prefix[middle:])])
    earlier = encode_prefix(model, [prefix[0], *reversed(prefix[1:middle]), *prefix[middle:]])

    def change(other: Any, tokens: slice) -> float:
        pairs = zip((*whole.keys, *whole.values), (*other.keys, *other.values), strict=True)
        return max(float((a[:, tokens] - b[:, tokens]).abs().max() / a.abs().max()) for a, b in pairs)

    return {
        "keys_values": change(later, slice(0, middle)),
        "keys_values_control": change(earlier, slice(middle, None)),
    }


def _training_causality(
    model: "LanguageModel", demonstrations: Sequence[Sequence[int]], rate: float
) -> dict[str, float]:
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
                snapshots.append([s.of(s.parameter).detach().clone() for s in model.key_value_slices])

        return finetune(model, texts, rate, progress=snapshot)

    before = {name: p.detach().clone() for name, p in model.network.named_parameters()}
    found = run(demonstrations)
    run([*demonstrations[:half], *reversed(demonstrations[half:])])
    weights = max(float((a - b).abs().max()) for a, b in zip(*snapshots, strict=True))
    with model.with_weights(found.weights):
        outside = {name: p.detach().clone() for name, p in model.network.named_parameters()}
    paths = {id(p): name for name, p in model.network.named_parameters()}
    for s in model.key_value_slices:
        s.of(outside[paths[id(s.parameter)]]).copy_(s.of(before[paths[id(s.parameter)]]))
    others = sum(int((outside[name] != before[name]).sum()) for name in before)
    return {"weights": weights, "others": float(others)}


def _numpy(tensor: Any) -> np.ndarray:
    array: np.ndarray = tensor.float().cpu().numpy()
    return array
