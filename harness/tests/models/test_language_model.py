"""A loaded model: what of it trains, and that what is put in comes out again."""

from typing import Any

import pytest
import torch
from torch import nn

from harness.models.language_model import LanguageModel
from harness.models.prefix_attention import SharedPrefix
from harness.models.scoring import encode_prefix
from harness.tests.models.by_hand import projections, queries_by_hand, rows_of
from harness.tests.models.configurations import VARIANTS
from harness.tests.models.families import assert_untouched, snapshot, tiny

TRAINED = {
    "llama": (["self_attn.k_proj.weight", "self_attn.v_proj.weight"], [(16, 32), (16, 32)]),
    "gpt2": (["attn.c_attn.weight", "attn.c_attn.bias"], [(32, 64), (64,)]),
    "xglm": (
        ["self_attn.k_proj.weight", "self_attn.k_proj.bias", "self_attn.v_proj.weight", "self_attn.v_proj.bias"],
        [(32, 32), (32,), (32, 32), (32,)],
    ),
}


def test_what_trains_is_keys_and_values(model: LanguageModel) -> None:
    """Worked by hand: two key-value heads of 8 in Llama, two of GPT-2's three fused 32s, XGLM's with biases."""
    names, shapes = TRAINED[model.network.config.model_type]
    first = model.key_value_slices[: len(names)]
    assert len(model.key_value_slices) == 3 * len(names)
    assert [s.name.split(".", 3)[-1] for s in first] == names
    assert [tuple(s.of(s.parameter).shape) for s in first] == shapes


@pytest.mark.parametrize(("family", "more"), VARIANTS)
def test_slices_are_views_of_the_keys_and_values_of_named_parameters(family: str, more: dict[str, Any]) -> None:
    """Each belongs to the parameter of its name, and writing to it writes to those outputs that are keys and values.

    They are said by a second table, made by hand. No other parameter has a slice: norms of keys are not trained.
    """
    model = tiny(family, **more)
    parameters = dict(model.network.named_parameters())
    expected = snapshot(model)
    names = {id(parameter): name for name, parameter in parameters.items()}
    for kind in "kv":
        for projection in projections(model, kind):
            for parameter in projection.parameters():
                weight = expected[names[id(parameter)]]
                outputs = weight if isinstance(projection, nn.Linear) or weight.ndim == 1 else weight.T
                outputs[rows_of(model, kind)] = 7.0
    for s in model.key_value_slices:
        assert s.parameter is parameters[s.name]
        s.of(s.parameter).fill_(7.0)
    assert all(torch.equal(parameter, expected[name]) for name, parameter in parameters.items())


def test_keys_of_gpt2_are_the_middle_third() -> None:
    """Writing zeros to GPT-2's slices leaves the query third of c_attn and makes every key and value zero."""
    model = tiny("gpt2")
    module: Any = model.attention_modules[1]
    query = module.c_attn.weight[:, :32].clone()
    for s in model.key_value_slices:
        s.of(s.parameter).zero_()
    projected = module.c_attn(torch.randn(4, 32))
    assert torch.equal(module.c_attn.weight[:, :32], query)
    assert bool((projected[:, 32:] == 0).all())
    assert bool((projected[:, :32] != 0).all())


def test_query_vectors_by_hand(of_any_family: LanguageModel) -> None:
    """The query site's output, sliced, behind the family's norm and scaled, is scale * norm(W_q x + b_q)."""
    model = of_any_family
    seen: list[torch.Tensor] = []
    site = model.attention_modules[2].get_submodule(model.architecture.query.module)
    handle = site.register_forward_hook(lambda _m, _a, out: seen.append(out))
    expected = queries_by_hand(model, [3, 1, 4])[2]
    handle.remove()
    found = model.query_of(model.attention_modules[2], seen[0][0])
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_weights_put_in_come_out_again(model: LanguageModel) -> None:
    """Inside the block the given weights stand; after it, an exception or not, the model's own to the last bit."""
    before = snapshot(model)
    given = {s.name: torch.full_like(s.of(s.parameter), 0.5) for s in model.key_value_slices}

    def fail_inside() -> None:
        with model.with_weights(given):
            assert all(bool((s.of(s.parameter) == 0.5).all()) for s in model.key_value_slices)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_inside()
    assert all(torch.equal(before[name], value) for name, value in snapshot(model).items())


def test_weights_of_another_model_are_refused_whole(model: LanguageModel) -> None:
    """Where one of the weights is not given, none stays behind."""
    before = snapshot(model)
    given = {s.name: torch.zeros_like(s.of(s.parameter)) for s in model.key_value_slices[:-1]}
    with pytest.raises(KeyError), model.with_weights(given):
        pass
    assert all(torch.equal(before[name], value) for name, value in snapshot(model).items())


def test_attention_is_put_back_after_an_exception(model: LanguageModel) -> None:
    """An exception under our attention leaves the family's own implementation and forwards."""
    before = model.network.config._attn_implementation
    prefix = encode_prefix(model, [0])

    def fail_inside() -> None:
        with model.attending_to(SharedPrefix(prefix.keys, prefix.values, torch.tensor([0]))):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_inside()
    assert model.network.config._attn_implementation == before
    assert_untouched(model)
