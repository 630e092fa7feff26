"""The GPT: the same weights under every attention, causal, and decoded piece by piece as read whole."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from harness.errors import HarnessError
from harness.models.gpt.network import (
    GPT,
    MIXINGS,
    AttentionChoice,
    Cache,
    language_gpt,
    parameters_of,
    sinusoids,
    vector_gpt,
)
from harness.models.gpt.sizes import Shape

SHAPE = Shape(layers=2, heads=2, width=8)
VOCABULARY = 11
TEXTS = torch.randint(VOCABULARY, (3, 70), generator=torch.Generator().manual_seed(1))


def gpt(attention: str, eta: float = 0.9, seed: int = 0, *, learned: bool = False) -> GPT:
    """Return a small language model in float64."""
    choice = AttentionChoice(attention, eta, learned)
    return language_gpt(SHAPE, VOCABULARY, choice, torch.Generator().manual_seed(seed)).double()


def weights_of(network: GPT) -> dict[str, Tensor]:
    """Return the network's parameters by name."""
    return dict(network.named_parameters())


@torch.no_grad()
def in_pieces(network: GPT, ids: Tensor, cuts: list[int], cache: Cache) -> Tensor:
    """Return the logits of the ids read in pieces."""
    return torch.cat([network(piece, cache) for piece in torch.split(ids, cuts, dim=1)], dim=1)


@pytest.mark.parametrize("attention", MIXINGS)
@pytest.mark.parametrize("cuts", [[1] * 70, [1, 40, 2, 27], [33, 37]], ids=["token by token", "pieces", "two"])
def test_reading_in_pieces_is_reading_whole(attention: str, cuts: list[int]) -> None:
    """With keys, values and the momentum's state kept, logits do not depend on where the text is cut."""
    network, cache = gpt(attention), Cache()
    torch.testing.assert_close(in_pieces(network, TEXTS, cuts, cache), network(TEXTS).detach())
    assert cache.length == 70


@pytest.mark.parametrize("attention", MIXINGS)
def test_one_past_serves_a_batch(attention: str) -> None:
    """Three texts behind one prefix read as three whole texts, and the prefix' cache stays as it was."""
    network, past = gpt(attention), Cache()
    with torch.no_grad():
        network(TEXTS[:1, :30], past)
        found = network(TEXTS[:, 30:], past.expanded(3))
        whole = network(torch.cat([TEXTS[:1, :30].expand(3, -1), TEXTS[:, 30:]], dim=1))
    torch.testing.assert_close(found, whole[:, 30:])
    assert past.length == 30


@pytest.mark.parametrize("attention", MIXINGS)
def test_no_position_sees_a_later_one(attention: str) -> None:
    """Other tokens from position 40 on leave the logits before it to the last bit, and change those from it on."""
    changed = TEXTS.clone()
    changed[:, 40:] = (TEXTS[:, 40:] + 1) % VOCABULARY
    given, other = (gpt(attention)(ids).detach() for ids in (TEXTS, changed))
    assert torch.equal(given[:, :40], other[:, :40])
    assert bool((given[:, 40:] != other[:, 40:]).any(dim=-1).all())


def test_every_attention_starts_from_the_same_weights() -> None:
    """The seed alone decides initial weights, whatever is added to attention and whether its eta is learned."""
    networks = [gpt(name, learned=learned) for name in MIXINGS for learned in (False, True)]
    weights = [{n: p for n, p in weights_of(net).items() if "mixing" not in n} for net in networks]
    assert all(one.keys() == other.keys() for one, other in pairwise(weights))
    assert all(torch.equal(one[n], other[n]) for one, other in pairwise(weights) for n in one)
    assert not torch.equal(weights[0]["read_in.weight"], weights_of(gpt("vanilla", seed=1))["read_in.weight"])


def test_initial_weights_have_the_size_of_their_inputs() -> None:
    """Standard deviation 1 / sqrt(inputs): 1/8 of width 64, 1/16 of the MLP's 256, on the way back over sqrt(2 * 2)."""
    network = language_gpt(Shape(2, 2, 64), 300, AttentionChoice(), torch.Generator().manual_seed(0))
    expected = {"read_in": 1 / 8, "project": 1 / 8, "output": 1 / 16, "widen": 1 / 8, "narrow": 1 / 32}
    for name, weight in weights_of(network).items():
        if weight.ndim > 1:
            assert float(weight.detach().std()) == pytest.approx(expected[name.split(".")[-2]], rel=0.05), name
        else:
            assert torch.equal(weight, torch.full_like(weight, float(name.endswith("weight")))), name


def test_vanilla_is_torchs_own_transformer() -> None:
    """With the same weights torch's encoder layers, made causal and normalised first, give the same outputs."""
    network = vector_gpt(SHAPE, 3, 2, AttentionChoice(), torch.Generator().manual_seed(0)).double()
    inputs = torch.randn(2, 9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    weights = weights_of(network)
    stream = inputs @ weights["read_in.weight"].T + weights["read_in.bias"] + sinusoids(0, 9, 8)
    for block in network.blocks:
        layer = torch.nn.TransformerEncoderLayer(
            8, 2, 32, 0.0, "gelu", batch_first=True, norm_first=True, dtype=torch.float64
        )
        ours = block.state_dict()
        theirs = {"attention.project.": "self_attn.in_proj_", "attention.output.": "self_attn.out_proj."}
        theirs |= {"norm_attention": "norm1", "norm_mlp": "norm2", "widen": "linear1", "narrow": "linear2"}
        for our_name, their_name in theirs.items():
            ours = {name.replace(our_name, their_name): weight for name, weight in ours.items()}
        layer.load_state_dict(ours)
        mask = torch.nn.Transformer.generate_square_subsequent_mask(9, dtype=torch.float64)
        stream = layer(stream, mask)
    normalised = torch.nn.functional.layer_norm(stream, (8,))
    expected = normalised @ weights["read_out.weight"].T + weights["read_out.bias"]
    torch.testing.assert_close(network(inputs), expected, rtol=1e-6, atol=1e-6)


def test_momentum_changes_what_the_network_says() -> None:
    """From the same weights the four attentions give four different outputs; with eta near 0 all are vanilla's."""
    with torch.no_grad():
        outputs = [gpt(name)(TEXTS) for name in MIXINGS]
        near = [gpt(name, eta=1e-12)(TEXTS) for name in MIXINGS]
    assert all(not torch.allclose(a, b, atol=1e-3) for i, a in enumerate(outputs) for b in outputs[:i])
    assert all(torch.allclose(output, outputs[0], atol=1e-9) for output in near)


def test_read_out_is_the_embedding_itself() -> None:
    """Embeddings are one matrix: named once, and its gradient is that of the way in and the way out together."""
    network = gpt("momentum")
    assert [name for name, weight in weights_of(network).items() if VOCABULARY in weight.shape] == ["read_in.weight"]
    weight = weights_of(network)["read_in.weight"]
    both = torch.autograd.grad(network(TEXTS).square().sum(), weight)[0]
    hidden = network.hidden(TEXTS)
    out = torch.autograd.grad((hidden.detach() @ weight.T).square().sum(), weight)[0]
    inner = torch.autograd.grad((hidden @ weight.detach().T).square().sum(), weight)[0]
    torch.testing.assert_close(both, out + inner)


def test_learned_eta_is_trained_by_the_loss() -> None:
    """Each layer's two etas are parameters outside the matrices that decay, and get gradients that are not 0."""
    network = gpt("momentum", learned=True)
    logits = [weight for name, weight in weights_of(network).items() if name.endswith("mixing.logit")]
    assert [logit.shape for logit in logits] == [(2,), (2,)]
    gradients = torch.autograd.grad(network(TEXTS).square().mean(), logits)
    assert all(bool((gradient != 0).all()) for gradient in gradients)
    others = list(map(id, parameters_of(network, matrices=False)))
    assert all(id(logit) in others for logit in logits)


def test_positions_by_hand() -> None:
    """At width 4 rates are 1 and 1/100: position 3 is sin 3, sin 0.03, cos 3, cos 0.03."""
    expected = [math.sin(3), math.sin(0.03), math.cos(3), math.cos(0.03)]
    torch.testing.assert_close(sinusoids(3, 1, 4)[0], torch.tensor(expected))
    assert torch.equal(sinusoids(0, 9, 6)[4:], sinusoids(4, 5, 6))


def test_unknown_attention_is_refused_by_name() -> None:
    """A misspelt attention is answered with the name that was meant."""
    with pytest.raises(HarnessError, match="unknown attention 'momentun': did you mean 'momentum'"):
        gpt("momentun")
