"""The two weight updates of the paper's duality, from real activations: dW_ICL and dW_FT, per key-value head.

    dW_ICL = sum_i (W_V x'_i) (x) (W_K x'_i)                       over the demonstrations' tokens x'_i in the prompt
    dW_FT  = (W_V + dW_V) X X^T (W_K + dW_K)^T - W_V X X^T W_K^T   over the query text's own tokens X, zero-shot

Source: PAPER section 2. Keys are taken as they are projected, W_K x: before a norm of keys and before rotary positions,
which the paper's models do not have.
"""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from harness.dual_form.relaxed_attention import change_of_outer_sum
from harness.models.language_model import LanguageModel
from harness.models.sites import Outputs
from harness.models.watching import watching
from harness.prompts import Prompts


@torch.inference_mode()
def demonstration_projections(model: LanguageModel, prompts: Prompts) -> tuple[Tensor, Tensor]:
    """Return values and keys of the demonstrations' tokens, both [layer, kv_head, token, d_head].

    `outer_sum(values, keys)` is dW_ICL.
    """
    tokens = [i for first, last in prompts.spans for i in range(first, last)]
    inputs = _inputs(model, prompts.prefix)
    read = [_project(model, layer, x[tokens]) for layer, x in enumerate(inputs)]
    values, keys = zip(*read, strict=True)
    return torch.stack(values), torch.stack(keys)


@torch.inference_mode()
def ft_updates(model: LanguageModel, prompts: Prompts, weights: Mapping[str, Tensor]) -> Iterator[Tensor]:
    """Yield dW_FT of each query, [layer, kv_head, d_head, d_head], for finetuned key and value `weights`.

    Values and keys change by what the weights' changes project, dv = dW_V x. On a tiny model finetuned at 1e-4 in
    float32 that is off by 2e-7 of dW_FT; the difference of two projections was off by 7e-4.
    """
    changes = {s.name: weights[s.name].to(s.parameter) - s.of(s.parameter) for s in model.key_value_slices}
    for query in prompts.queries:
        inputs = _inputs(model, (prompts.start_token, *query))
        own = [x[1:] for x in inputs]  # the start token is no token of the query text
        before = [_project(model, layer, x) for layer, x in enumerate(own)]
        with model.with_weights(changes):
            change = [_project(model, layer, x) for layer, x in enumerate(own)]
        yield torch.stack(
            [
                change_of_outer_sum(values, keys, value_changes, key_changes)
                for (values, keys), (value_changes, key_changes) in zip(before, change, strict=True)
            ]
        )


def _inputs(model: LanguageModel, tokens: Sequence[int]) -> list[Tensor]:
    """Return what goes into each layer's key projection when the model reads these tokens: [token, d_model]."""
    inputs: list[Tensor] = []
    with watching(model.projections(model.architecture.key), lambda _, x: inputs.append(x[0]), inputs=True):
        model.network.base_model(input_ids=torch.tensor([tokens], device=model.device), use_cache=False)
    return inputs


def _project(model: LanguageModel, layer: int, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return values and keys of tokens x [token, d_model], both [kv_head, token, d_head]."""
    attention, d_head = model.attention_modules[layer], model.architecture.d_head(model.attention_modules[layer])

    def project(outputs: Outputs) -> Tensor:
        projected = outputs.of(attention, attention.get_submodule(outputs.module)(x))
        return projected.view(len(projected), projected.shape[-1] // d_head, d_head).transpose(0, 1)

    return project(model.architecture.value), project(model.architecture.key)
