"""Momentum attention, held to the plain quadratic sum: exact, causal, linear in length, and decoded piece by piece."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention
from torch.utils._python_dispatch import TorchDispatchMode

from harness.errors import HarnessError
from harness.models.momentum import (
    Mixing,
    Momentum,
    Shift,
    State,
    UniformAverage,
    causal_attention,
    momentum_attention,
    momentum_sum,
    next_sum,
)

MIXINGS = (Momentum, UniformAverage, Shift)
ETAS = (1e-6, 0.5, 1 - 1e-6)
BORDERS = (1, 2, 31, 32, 33, 63, 64, 65, 100, 1023, 1024, 1025, 1057)
"""Lengths about one chunk of 32, two chunks, and a chunk of chunks."""
EPS = torch.finfo(torch.float64).eps
plain = settings(deadline=None, max_examples=60, derandomize=True)


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return noise of a shape, the same each time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def logs(*etas: float) -> Tensor:
    """Return the etas' logs in float64, a head each."""
    return torch.tensor(etas, dtype=torch.float64).log()


def quadratic_sum(values: Tensor, log_eta: Tensor) -> Tensor:
    """Return sum_{i<t} eta^(t-i) v_i for every t by the whole matrix of powers, in float64."""
    steps = torch.arange(values.shape[-2], dtype=torch.float64)
    powers = log_eta.double().exp()[:, None, None] ** (steps[:, None] - steps).clamp(min=0)
    return powers.tril(-1) @ values.double()


def recursive_sum(values: Tensor, log_eta: float) -> Tensor:
    """Return the sums of [length, d] values one after the other, s_{t+1} = eta (s_t + v_t), in float64."""
    sums = [torch.zeros_like(values[0], dtype=torch.float64)]
    for value in values[:-1].double():
        sums.append(math.exp(log_eta) * (sums[-1] + value))
    return torch.stack(sums)


def softmax_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return causal attention written out: softmax(q k / sqrt(d)) v over positions up to one's own."""
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return scores.masked_fill(later, -math.inf).softmax(-1) @ value


def test_sum_by_hand() -> None:
    """Of the values 4, 8, 16 with eta 1/2: nothing before the first; 4/2; 8/2 + 4/4; and 16/2 + 8/4 + 4/8 to come."""
    values = torch.tensor([[4.0], [8.0], [16.0]])[None]
    log_eta = torch.tensor([0.5]).log()
    sums = momentum_sum(values, log_eta)
    torch.testing.assert_close(sums.flatten(), torch.tensor([0.0, 2.0, 5.0]))
    torch.testing.assert_close(next_sum(values, sums, log_eta).flatten(), torch.tensor([10.5]))


@plain
@given(
    length=st.sampled_from(BORDERS) | st.integers(1, 200),
    batch=st.sampled_from([(), (3,), (2, 1)]),
    etas=st.lists(st.sampled_from(ETAS) | st.floats(1e-6, 1 - 1e-6), min_size=1, max_size=3),
    started=st.booleans(),
    seed=st.integers(0, 99),
)
def test_sum_is_the_quadratic_sum(
    length: int, batch: tuple[int, ...], etas: list[float], started: bool, seed: int
) -> None:
    """The sum in chunks is the plain sum, and an earlier sum s adds eta^t s, within rounding of the sum of sizes."""
    values, log_eta = normal(*batch, len(etas), length, 2, seed=seed), logs(*etas)
    start = normal(*batch, len(etas), 2, seed=seed + 1) if started else None
    expected, size = quadratic_sum(values, log_eta), quadratic_sum(values.abs(), log_eta)
    if start is not None:
        decay = log_eta.exp()[:, None] ** torch.arange(length)
        expected = expected + decay[..., None] * start[..., None, :]
        size = size + decay[..., None] * start[..., None, :].abs()
    bound = EPS * (4 * length * (1 - log_eta) + 32)  # exp of a rounded exponent, and a sum of so many terms
    found = momentum_sum(values, log_eta, start)
    assert bool(((found - expected).abs() <= bound[:, None, None] * size).all())


@pytest.mark.parametrize("length", [5, 40])
def test_gradients_are_those_of_finite_differences(length: int) -> None:
    """Values, eta and an earlier sum all get their right gradient, in one chunk and over several."""
    inputs = (normal(2, length, 1), logs(0.3, 0.95), normal(2, 1, seed=1))
    assert torch.autograd.gradcheck(momentum_sum, tuple(tensor.requires_grad_() for tensor in inputs))


@pytest.mark.parametrize("eta", [1e-6, 0.9999])
def test_float32_holds_at_length_8192(eta: float) -> None:
    """At eta near 0 and near 1 sums of 8,192 values, and their gradients, stay within 1e-5 of the sum of sizes.

    Weights of eta 0.9999 add up to 5,600 there; the reference is the same eta's sum in float64.
    """
    values = normal(1, 8192, 2, dtype=torch.float32).requires_grad_()
    log_eta = torch.tensor([eta]).log().requires_grad_()
    found = momentum_sum(values, log_eta)
    expected, size = (recursive_sum(each.detach()[0], log_eta.item()) for each in (values, values.abs()))
    assert bool(((found.detach()[0].double() - expected).abs() <= 1e-5 * size).all())
    gradients = torch.autograd.grad(found.sum(), (values, log_eta))
    assert all(bool(torch.isfinite(gradient).all()) for gradient in gradients)


@pytest.mark.parametrize("mixing", MIXINGS)
def test_no_position_sees_itself_or_a_later_one(mixing: type[Mixing]) -> None:
    """What is added at positions 0 to 40 stays the same to the last bit when values from 40 on change."""
    values, changed = normal(2, 3, 70, 4), normal(2, 3, 70, 4)
    changed[..., 40:, :] = 7
    (given_sums, _), (other_sums, _) = (mixing(3, 0.9)(each) for each in (values, changed))
    assert torch.equal(given_sums[..., :41, :], other_sums[..., :41, :])
    assert not torch.equal(given_sums[..., 41, :], other_sums[..., 41, :])


class Produced(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Counts the numbers in every tensor that torch makes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.sizes: list[int] = []

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operation and note the size of what it returns."""
        del types
        made = func(*args, **(kwargs or {}))
        self.sizes += [tensor.numel() for tensor in (made if isinstance(made, (tuple, list)) else [made])]
        return made


def _produced(length: int) -> list[int]:
    values, log_eta = normal(2, length, 64).requires_grad_(), logs(0.5, 0.9).requires_grad_()
    produced = Produced()
    with produced:
        torch.autograd.grad(momentum_sum(values, log_eta).sum(), (values, log_eta))
    return produced.sizes


def test_memory_and_time_are_linear_in_length() -> None:
    """No tensor, forward or backward, is larger than 33/32 of the values; twice the length makes twice the numbers."""
    sizes, twice = _produced(4096), _produced(8192)
    assert max(sizes) == 2 * 4096 * 64 * 33 // 32
    assert sum(twice) <= 2 * sum(sizes)


def _math_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    with sdpa_kernel(SDPBackend.MATH):
        return scaled_dot_product_attention(query, key, value, is_causal=True)


@pytest.mark.parametrize("attention", [causal_attention, _math_attention, softmax_attention])
def test_any_causal_attention_will_do(attention: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    """MoAttn is softmax attention plus the quadratic sum, whichever code computes the attention."""
    query, key, value = normal(3, 2, 4, 50, 8)
    log_eta = logs(0.1, 0.5, 0.9, 0.99)
    expected = softmax_attention(query, key, value) + quadratic_sum(value, log_eta)
    torch.testing.assert_close(momentum_attention(query, key, value, log_eta, attention), expected)


def test_query_heads_share_their_group() -> None:
    """With two key-value heads for six query heads, heads 0 to 2 use the first and 3 to 5 the second."""
    query, (key, value) = normal(2, 6, 9, 4), normal(2, 2, 2, 9, 4, seed=1)
    log_eta = logs(0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
    found = momentum_attention(query, key, value, log_eta)
    for head in range(6):
        group = slice(head // 3, head // 3 + 1)
        expected = momentum_attention(query[:, head, None], key[:, group], value[:, group], log_eta[head, None])
        torch.testing.assert_close(found[:, head], expected[:, 0])


@plain
@given(
    mixing=st.sampled_from(MIXINGS),
    cuts=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    eta=st.floats(0.001, 0.999),
)
def test_decoding_in_pieces_is_the_whole(mixing: type[Mixing], cuts: list[int], eta: float) -> None:
    """Token by token or in pieces of any length, the sums are those of the whole text, and so is the state."""
    values, module = normal(2, 3, sum(cuts), 4), mixing(3, eta).double()
    whole, end = module(values)
    state: State | None = None
    pieces = []
    for piece in torch.split(values, cuts, dim=-2):
        added, state = module(piece, state)
        pieces.append(added)
    torch.testing.assert_close(torch.cat(pieces, dim=-2), whole)
    assert state is not None
    torch.testing.assert_close(state.kept, end.kept)
    assert (state.length, state.kept.shape) == (sum(cuts), (2, 3, 4))


@pytest.mark.parametrize("eta", [0.1, 0.5, 0.999])
def test_controls_have_momentums_total_weight(eta: float) -> None:
    """Where all values are 1, every mixing adds eta + eta^2 + ... + eta^t behind t positions: 0 at the first."""
    totals = [sum(eta**k for k in range(1, t + 1)) for t in range(70)]
    for mixing in MIXINGS:
        found, _ = mixing(1, eta).double()(torch.ones(1, 70, 1, dtype=torch.float64))
        torch.testing.assert_close(found.flatten(), torch.tensor(totals, dtype=torch.float64), rtol=1e-5, atol=0)


def test_controls_by_hand() -> None:
    """Of the values 4, 8, 16 with eta 1/2, total weights are 0, 1/2, 3/4: times means 4 and 6, or values 4 and 8."""
    values = torch.tensor([[4.0], [8.0], [16.0]])[None]
    (mean, _), (shifted, _) = UniformAverage(1)(values), Shift(1)(values)
    torch.testing.assert_close(mean.flatten(), torch.tensor([0.0, 2.0, 4.5]))
    torch.testing.assert_close(shifted.flatten(), torch.tensor([0.0, 2.0, 6.0]))


@pytest.mark.parametrize("mixing", MIXINGS)
def test_learned_eta_stays_inside(mixing: type[Mixing]) -> None:
    """Steps of 5 either way on the logit leave eta between 0 and 1, and every head has its own finite gradient."""
    module = mixing(2, 0.5, learned=True)
    weight = torch.tensor([1.0, -1.0])[:, None, None]
    optimizer = torch.optim.SGD(module.parameters(), lr=1.0)
    for _ in range(3):
        optimizer.zero_grad()
        (weight * module(torch.ones(2, 40, 1))[0]).sum().backward()
        assert module.logit.grad is not None
        module.logit.grad.sign_().mul_(5)
        optimizer.step()
    falling, rising = module.log_eta.double().exp().tolist()
    assert 0 < falling < 1e-6
    assert 1 - 1e-6 < rising < 1


def test_fixed_eta_is_no_weight() -> None:
    """A fixed eta has nothing to train and nothing to save: it comes with the choice of attention."""
    module = Momentum(2, 0.3)
    assert (list(module.parameters()), dict(module.state_dict())) == ([], {})
    torch.testing.assert_close(module.log_eta.exp(), torch.tensor([0.3, 0.3]))


@pytest.mark.parametrize("eta", [0.0, 1.0, -0.1, math.nan])
def test_eta_outside_is_refused(eta: float) -> None:
    """Eta is between 0 and 1, both left out: at 1 nothing is ever forgotten."""
    with pytest.raises(HarnessError, match="expected a number between 0 and 1"):
        Momentum(2, eta)
