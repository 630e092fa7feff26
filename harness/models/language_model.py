"""A loaded model, and the names of what is inside it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor, nn

from harness.errors import HarnessError
from harness.models.architectures import Architecture, Outputs, architecture_of
from harness.models.prefix_attention import SHARED_PREFIX


@dataclass(frozen=True)
class Slice:
    """A part of one parameter: its name and the range of outputs, on the axis that counts outputs."""

    name: str
    parameter: nn.Parameter
    axis: int
    start: int
    stop: int

    def of(self, tensor: Tensor) -> Tensor:
        """Return this slice of a tensor shaped as the parameter, as a view."""
        return tensor.narrow(self.axis, self.start, self.stop - self.start)


@dataclass(frozen=True)
class LanguageModel:
    """A causal language model of a known architecture, in evaluation mode on one device."""

    network: Any

    @cached_property
    def architecture(self) -> Architecture:
        """The table row of this model's family."""
        return architecture_of(self.network.config.model_type)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = self.network.device
        return device

    @property
    def device_name(self) -> str:
        """The device as a report names it."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        return f"{self.device.type}, {torch.get_num_threads()} threads"

    @cached_property
    def attention_modules(self) -> list[nn.Module]:
        """Self-attention modules, first layer first."""
        layers = self.network.get_submodule(self.architecture.layers)
        return [layer.get_submodule(self.architecture.attention) for layer in layers]

    def projections(self, outputs: Outputs) -> list[nn.Module]:
        """Return each layer's projection that puts out these `outputs`, first layer first."""
        return [module.get_submodule(outputs.module) for module in self.attention_modules]

    def does_not_fit(self, what: str) -> HarnessError:
        """Return the error of a forward pass over `what` that ran out of memory even at batch 1."""
        return HarnessError(
            f"{what} does not fit in the memory of {self.device}; "
            "ask for fewer --demonstrations, a smaller --dtype or another --device",
        )

    def query_of(self, module: Any, projected: Tensor) -> Tensor:
        """Return the scaled query vectors among what the query site's projection put out (last axis)."""
        start, stop = self.architecture.query.range(projected.shape[-1])
        scaled: Tensor = projected[..., start:stop] * module.scaling
        return scaled

    @cached_property
    def key_value_slices(self) -> list[Slice]:
        """What finetuning trains: weights and biases of every layer's key and value projections."""
        return self.slices(*self.architecture.key_value)

    def slices(self, *among: Outputs) -> list[Slice]:
        """Return weights and biases of these outputs of every layer's attention, first layer first."""
        paths = {module: path for path, module in self.network.named_modules()}
        slices = []
        for attention in self.attention_modules:
            for outputs in among:
                projection = attention.get_submodule(outputs.module)
                slices += _slices(paths[projection], projection, outputs)
        return slices

    @property
    def norms(self) -> list[str]:
        """Paths of all norms: those of every layer, and the final one."""
        rows = self.architecture
        layers = range(len(self.attention_modules))
        return [*(f"{rows.layers}.{i}.{norm}" for i in layers for norm in rows.norms), rows.final_norm]

    @property
    def embeddings(self) -> list[str]:
        """Paths of what reads tokens and positions in, and of what reads logits out."""
        return [*self.architecture.embeddings, self.architecture.unembedding]

    @contextmanager
    def with_weights(self, weights: Mapping[str, Tensor]) -> Iterator[None]:
        """Put other key and value weights in for the block, then restore the model's own."""
        original = {s.name: s.of(s.parameter.data).clone() for s in self.key_value_slices}
        try:
            for s in self.key_value_slices:
                s.of(s.parameter.data).copy_(weights[s.name])
            yield
        finally:
            for s in self.key_value_slices:
                s.of(s.parameter.data).copy_(original[s.name])

    @contextmanager
    def attending(self, implementation: str = SHARED_PREFIX) -> Iterator[None]:
        """Run the block under an attention implementation; adapters stand in only for the shared prefix."""
        before = self.network.config._attn_implementation  # noqa: SLF001  # transformers has no public reader
        adapter = self.architecture.adapter if implementation == SHARED_PREFIX else None
        try:
            self.network.config._attn_implementation = implementation  # noqa: SLF001
            if adapter is not None:
                for module in self.attention_modules:
                    module.forward = partial(adapter, module)
            yield
        finally:
            self.network.config._attn_implementation = before  # noqa: SLF001
            for module in self.attention_modules if adapter is not None else ():
                del module.forward  # the class's own forward shows again


def _slices(path: str, projection: nn.Module, outputs: Outputs) -> list[Slice]:
    # transformers' Conv1D (GPT-2) keeps weights as [input, output], nn.Linear as [output, input].
    axis = 0 if isinstance(projection, nn.Linear) else 1
    found = []
    for name, parameter in projection.named_parameters():
        along = axis if parameter.ndim > 1 else 0
        start, stop = outputs.range(parameter.shape[along])
        found.append(Slice(f"{path}.{name}", parameter, along, start, stop))
    return found
