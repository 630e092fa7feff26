"""What a network that learns in its context keeps of texts that are finished, and how it comes by it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Finished:
    """What one layer keeps of the finished texts' tokens."""

    inputs: Tensor
    """[token, d_model], what went into the projections of keys and values."""
    queries: Tensor
    """[token, d_query], query vectors, unscaled."""
    errors: Tensor
    """[token, d_key + d_value], error signals of what the projections put out: minus a rate times the gradient."""

    @property
    def update(self) -> Tensor:
        """Change of the projections' weights, [d_key + d_value, d_model]: the sum of outer products."""
        return self.errors.T @ self.inputs


def joined(texts: Sequence[Finished]) -> Finished:
    """Return what is kept of all texts, one after the other."""
    return Finished(*(torch.cat([getattr(of, name) for of in texts]) for name in ("inputs", "queries", "errors")))


def altered(of: Finished, share: float, size: float, random: torch.Generator) -> Finished:
    """Return it with error signals of which only a share is descent's.

    The update of keys, and that of values, becomes size * (share * D + sqrt(1 - share^2) * |D| R / |R|), D being
    descent's and R that of error signals in random directions: at size 1 as large as descent's, in Frobenius norms, as
    far as D and R are orthogonal.
    """
    drawn = torch.randn(of.errors.shape, generator=random).to(of.errors)
    parts = [
        share * error + (1 - share**2) ** 0.5 * noise * _ratio(error.T @ of.inputs, noise.T @ of.inputs)
        for error, noise in zip(of.errors.chunk(2, dim=-1), drawn.chunk(2, dim=-1), strict=True)
    ]
    return Finished(of.inputs, of.queries, size * torch.cat(parts, dim=-1))


def _ratio(one: Tensor, other: Tensor) -> Tensor:
    found: Tensor = one.norm() / other.norm()
    return found


def seeded(draw: int, ids: Sequence[int]) -> torch.Generator:
    """Return a generator that belongs to a draw and the tokens that were read."""
    digest = hashlib.sha256(repr((draw, tuple(ids))).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def pack(ids: Sequence[int], finished: Finished, opening: Tensor) -> tuple[Tensor, Tensor]:
    """Return a layer's keys [1, 1, token, ...] and values [1, 1, token, d_key + d_value], a row a token.

    The last row is the opening token's: its keys and values. The others are finished texts' tokens; a token's number
    stands beside its key.
    """
    numbers = torch.tensor(ids, dtype=opening.dtype)[:, None]
    rows = torch.cat([finished.inputs, finished.queries], dim=-1)
    keys = torch.cat(
        [torch.cat([rows, torch.zeros_like(rows[:1]) if len(rows) else rows.new_zeros(1, rows.shape[-1])]), numbers],
        dim=-1,
    )
    values = torch.cat([finished.errors, opening[None]])
    return keys[None, None], values[None, None]


def unpack(keys: Tensor, values: Tensor, d_model: int) -> tuple[list[int], Finished, Tensor]:
    """Return what `pack` packed, of one sequence: keys and values [1, token, ...]."""
    rows, numbers = keys[0, :, :-1], keys[0, :, -1]
    finished = Finished(rows[:-1, :d_model], rows[:-1, d_model:], values[0, :-1])
    return [int(number) for number in numbers], finished, values[0, -1]
