"""The table of sites, held to the models that transformers makes."""

import pytest
import torch
from torch import Tensor

from harness.errors import HarnessError
from harness.models.architectures import ARCHITECTURES, Outputs, architecture_of
from harness.models.language_model import LanguageModel
from harness.tests.models.configurations import FAMILIES


def test_every_architecture_is_tested() -> None:
    """There is a tiny model of every row: a new row must bring one, and is held to the reference by it."""
    assert set(FAMILIES) == set(ARCHITECTURES)


def test_outputs_by_hand() -> None:
    """Of 96 fused outputs the second and third thirds are 32 to 96, the first is 0 to 32; a projection is whole."""
    assert Outputs("c_attn", 1, 3, of=3).range(96) == (32, 96)
    assert Outputs("c_attn", 0, 1, of=3).range(96) == (0, 32)
    assert Outputs("k_proj").range(16) == (0, 16)


def test_sites_are_where_the_table_says(model: LanguageModel) -> None:
    """Three layers, each with an attention module that knows its place and its scale, and the named projections."""
    assert [module.layer_idx for module in model.attention_modules] == [0, 1, 2]
    for module in model.attention_modules:
        assert module.scaling == pytest.approx(8**-0.5)
        for outputs in (model.architecture.query, *model.architecture.key_value):
            assert module.get_submodule(outputs.module) is not None


def test_every_weight_is_an_embedding_a_norm_or_a_projection_of_a_layer(model: LanguageModel) -> None:
    """Exactly one of them: what the table calls a norm is one, and what it does not name is a matrix or its bias."""
    network = model.network
    norms, embeddings = model.norms, model.embeddings
    assert len(set(norms)) == 7  # two a layer, and the final one
    assert all(type(network.get_submodule(path)).__name__.endswith("Norm") for path in norms)
    assert network.get_submodule(model.architecture.unembedding) is network.get_output_embeddings()
    assert network.get_submodule(embeddings[0]) is network.get_input_embeddings()
    for name, _ in network.named_parameters():
        path = name.rpartition(".")[0]
        projection = type(network.get_submodule(path)).__name__ in {"Linear", "Conv1D"}
        inside = path.startswith(f"{model.architecture.layers}.")
        assert [path in norms, path in embeddings, projection and inside].count(True) == 1, name


def test_unembedding_reads_what_the_final_norm_puts_out(model: LanguageModel) -> None:
    """The final norm runs once, and the unembedding of its output is the logits, to the last bit."""
    seen: list[Tensor] = []
    norm = model.network.get_submodule(model.architecture.final_norm)
    handle = norm.register_forward_hook(lambda _module, _args, output: seen.append(output))
    logits = model.network(torch.tensor([[0, 5, 9]])).logits
    handle.remove()
    assert len(seen) == 1
    assert torch.equal(model.network.get_output_embeddings()(seen[0]), logits)


def test_unknown_architecture_is_refused_by_name() -> None:
    """The error names the architecture, those that are known, and the file where a row would go."""
    with pytest.raises(HarnessError, match=r"'gpt_neo' are not known.*gpt2, llama, xglm.*harness/models/architectures"):
        architecture_of("gpt_neo")
