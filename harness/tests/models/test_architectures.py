"""The table of sites, held to the models that transformers makes."""

from operator import attrgetter
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from harness.errors import HarnessError
from harness.models.architectures import ARCHITECTURES, architecture_of
from harness.models.language_model import LanguageModel
from harness.models.sites import Outputs, Places
from harness.models.watching import watching
from harness.tests.models.by_hand import projections, rows_of
from harness.tests.models.configurations import FAMILIES, VARIANTS
from harness.tests.models.families import tiny


def test_every_architecture_is_tested() -> None:
    """There is a tiny model of every row: a new row must bring one, and is held to the reference by it."""
    assert set(FAMILIES) == set(ARCHITECTURES)


def test_outputs_by_hand() -> None:
    """Of 96 fused outputs the last two thirds are 32 to 96; of four heads' blocks of 24, 8 to 24 of each.

    With twice as many queries as keys in each of two blocks of 48, queries are 0 to 24 of each and values 36 to 48.
    """
    thirds, in_turn, grouped = ((1, 1, 1, 1), (4, 1, 1, 1), (2, 2, 1, 1))
    assert Outputs("c_attn", 1, 3, lambda _: thirds).places(None, 96) == Places(1, 32, 96)
    assert Outputs("k_proj").places(None, 16) == Places(1, 0, 16)
    assert Outputs("fused", 1, 3, lambda _: in_turn).places(None, 96) == Places(4, 8, 24)
    assert Outputs("fused", 0, 1, lambda _: grouped).places(None, 96) == Places(2, 0, 24)
    assert Outputs("fused", 2, 3, lambda _: grouped).places(None, 96) == Places(2, 36, 48)
    found = Outputs("fused", 2, 3, lambda _: (2, 2, 1, 1)).of(None, torch.arange(16)[None])
    assert found.tolist() == [[6, 7, 14, 15]]


@pytest.mark.parametrize(("family", "more"), VARIANTS)
def test_shares_are_where_the_modeling_files_have_them(family: str, more: dict[str, Any]) -> None:
    """Queries, keys and values are those outputs of the projections that a second table, made by hand, says."""
    model = tiny(family, **more)
    row = model.architecture
    for kind, outputs in zip("qkv", row.projections, strict=True):
        for module, projection in zip(model.attention_modules, projections(model, kind), strict=True):
            assert module.get_submodule(outputs.module) is projection
            weight = projection.get_parameter("weight")
            width = weight.shape[0 if isinstance(projection, nn.Linear) else 1]
            numbers = torch.arange(width)
            assert torch.equal(outputs.of(module, numbers), numbers[rows_of(model, kind)])


def test_sites_are_where_the_table_says(of_any_family: LanguageModel) -> None:
    """Three layers, each with an attention module that knows its place, whose heads are of eight entries."""
    model, row = of_any_family, of_any_family.architecture
    place_of = attrgetter("layer_id" if model.network.config.model_type == "gpt_neo" else "layer_idx")
    assert [place_of(module) for module in model.attention_modules] == [0, 1, 2]
    assert [row.d_head(module) for module in model.attention_modules] == [8, 8, 8]


@pytest.mark.parametrize(("family", "more"), VARIANTS)
def test_every_weight_is_an_embedding_a_norm_or_a_projection_of_a_layer(family: str, more: dict[str, Any]) -> None:
    """Exactly one of them: what the table calls a norm is one, and what it does not name is a matrix or its bias."""
    model = tiny(family, **more)
    network, norms, embeddings = model.network, model.norms, model.embeddings
    assert len(set(norms)) == len(norms)
    assert all("Norm" in type(network.get_submodule(path)).__name__ for path in norms)
    assert network.get_submodule(model.architecture.unembedding) is network.get_output_embeddings()
    assert network.get_submodule(embeddings[0]) is network.get_input_embeddings()
    for name, _ in network.named_parameters():
        path = name.rpartition(".")[0]
        projection = type(network.get_submodule(path)).__name__ in {"Linear", "Conv1D", "FalconLinear"}
        inside = path.startswith(f"{model.architecture.layers}.")
        norm = any(path == of or path.startswith(f"{of}.") for of in norms)
        assert [norm, path in embeddings, projection and inside].count(True) == 1, name


@pytest.mark.parametrize(("family", "more"), VARIANTS)
def test_logits_are_read_out_of_the_last_layer(family: str, more: dict[str, Any]) -> None:
    """Its output, through all that stands before the unembedding, that and a soft cap, is the logits bit for bit."""
    model, seen = tiny(family, **more), list[Tensor]()
    last = model.network.get_submodule(model.architecture.layers)[-1]
    with watching([last], lambda _, output: seen.append(output)):
        logits = model.network(torch.tensor([[0, 5, 9]])).logits
    (states,) = seen
    for path in model.readout:
        states = model.network.get_submodule(path)(states)
    assert torch.equal(model.read_out(states), logits)


def test_unknown_architecture_is_refused_by_name() -> None:
    """The error names the architecture, those that are known, and the file where a row would go."""
    with pytest.raises(HarnessError, match=r"'gpt_neo2' are not known.*gpt_neo.*harness/models/architectures"):
        architecture_of("gpt_neo2")
