"""The cross-entropy of the next token is what log-softmax and autograd give, however few logits are held at once."""

import math

import pytest
import torch
from torch import Tensor

from harness.models import next_token_loss
from harness.models.language_model import LanguageModel
from harness.models.next_token_loss import next_token_losses
from harness.tests.models.configurations import VOCABULARY
from harness.tests.models.families import tiny

D_MODEL = 32


def given(seed: int, tokens: int = 9) -> tuple[Tensor, Tensor]:
    """Return states [token, d_model] large enough that some tokens are sure, and what follows each."""
    generator = torch.Generator().manual_seed(seed)
    states = 3 * torch.randn(tokens, D_MODEL, generator=generator)
    return states.requires_grad_(True), torch.randint(0, VOCABULARY, (tokens,), generator=generator)


def by_autograd(model: LanguageModel, states: Tensor, following: Tensor, cap: float | None) -> Tensor:
    """Return the same losses in double precision."""
    unembedding = model.network.get_output_embeddings()
    logits = states.double() @ unembedding.weight.double().T
    if unembedding.bias is not None:
        logits = logits + unembedding.bias.double()
    if cap is not None:
        logits = cap * torch.tanh(logits / cap)
    found: Tensor = -logits.log_softmax(-1)[torch.arange(len(following)), following]
    return found


@pytest.mark.parametrize("cap", [None, 2.0])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("at_once", [1, 4 * VOCABULARY, 1 << 24])
def test_losses_and_gradient_are_autograds(
    monkeypatch: pytest.MonkeyPatch, at_once: int, *, bias: bool, cap: float | None
) -> None:
    """Token by token, four at a time or all at once; weighted as whoever sums them wants."""
    monkeypatch.setattr(next_token_loss, "AT_ONCE", at_once)
    model, (states, following) = tiny("llama"), given(0)
    model.network.config.final_logit_softcapping = cap
    if bias:
        model.network.lm_head.bias = torch.nn.Parameter(torch.linspace(-1, 1, VOCABULARY), requires_grad=False)
    weights = torch.linspace(-1, 2, len(following))
    losses = next_token_losses(model, states, following)
    expected = by_autograd(model, states, following, cap)
    torch.testing.assert_close(losses.double(), expected, rtol=1e-5, atol=1e-6)
    (found,) = torch.autograd.grad((weights * losses).sum(), states)
    (plain,) = torch.autograd.grad((weights * expected).sum(), states)
    torch.testing.assert_close(found, plain, rtol=1e-5, atol=1e-6 * float(plain.abs().max()))


def test_mean_loss_is_the_models_own(of_any_family: LanguageModel) -> None:
    """Of every family, whose own head makes logits, transformers' loss of a text is the mean over its tokens."""
    model, ids = of_any_family, torch.tensor([[0, 5, 9, 11, 3, 3, 8, 60]])
    with torch.no_grad():
        expected = model.network(input_ids=ids, labels=ids, use_cache=False).loss
        states = model.network.base_model(input_ids=ids, use_cache=False).last_hidden_state
        found = next_token_losses(model, states[0, :-1], ids[0, 1:]).mean()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=0)


def test_a_sure_token_costs_nothing_and_an_overflow_is_no_number() -> None:
    """Logits of a thousand do not overflow; states that are infinite give losses that are not finite."""
    model = tiny("llama")
    weight = model.network.lm_head.weight
    states = 1e4 * weight[:3] / weight[:3].square().sum(-1, keepdim=True)
    losses = next_token_losses(model, states, (states @ weight.T).argmax(-1))
    assert losses.tolist() == pytest.approx([0, 0, 0], abs=1e-3)
    assert not any(map(math.isfinite, next_token_losses(model, states * math.inf, torch.tensor([0, 1, 2])).tolist()))


def test_half_precision_sums_in_float32() -> None:
    """Of a model in bfloat16 losses are float32, and as near to the exact ones as its logits are."""
    model, (states, following) = tiny("llama"), given(1)
    expected = by_autograd(model, states, following, None)
    model.network.to(torch.bfloat16)
    half = states.detach().bfloat16().requires_grad_(True)
    losses = next_token_losses(model, half, following)
    assert losses.dtype == torch.float32
    torch.testing.assert_close(losses.double(), expected, rtol=0.05, atol=0.05)
    (gradient,) = torch.autograd.grad(losses.sum(), half)
    assert gradient.dtype == torch.bfloat16
