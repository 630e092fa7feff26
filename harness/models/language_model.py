"""A loaded model, and the names of what is inside it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor, nn

from harness.errors import HarnessError
from harness.models.architectures import architecture_of
from harness.models.prefix_attention import SharedPrefix
from harness.models.sites import Architecture, Outputs, Places


@dataclass(frozen=True)
class Slice:
    """A part of one parameter: its name and the outputs, on the axis that counts outputs."""

    name: str
    parameter: nn.Parameter
    axis: int
    places: Places

    def of(self, tensor: Tensor) -> Tensor:
        """Return this slice of a tensor shaped as the parameter, as a view; its axis is two where it is of blocks."""
        return self.places.of(tensor, self.axis)


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

    @cached_property
    def attention_outputs(self) -> list[nn.Module]:
        """What puts out each attention block's output, first layer first."""
        return [module.get_submodule(self.architecture.output) for module in self.attention_modules]

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
        """Return the query vectors [token, d_query] among what the query site's projection put out, [token, output].

        They are what meets keys in the scores, but for rotary positions: behind the family's norm of queries, scaled.
        """
        row = self.architecture
        vectors = row.query.of(module, projected)
        if row.query_norm is not None:
            vectors = row.query_norm.of(module, vectors, row.d_head(module))
        scaled: Tensor = vectors * row.scale(module)
        return scaled

    def read_out(self, hidden: Tensor) -> Tensor:
        """Return the logits of states behind all that stands between the last layer and the unembedding."""
        return self.capped(self.network.get_output_embeddings()(hidden))

    @property
    def logit_cap(self) -> float | None:
        """Where logits are capped; None where the configuration has no such thing."""
        cap: float | None = getattr(self.network.config, "final_logit_softcapping", None)
        return cap

    def capped(self, logits: Tensor) -> Tensor:
        """Return logits behind the soft cap c tanh(x / c) where the configuration has one."""
        cap = self.logit_cap
        return logits if cap is None else (logits / cap).tanh() * cap

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
                slices += _slices(paths[projection], projection, partial(outputs.places, attention))
        return slices

    @property
    def norms(self) -> list[str]:
        """Paths of all norms: those of every layer, the final one, and those behind embeddings."""
        row = self.architecture
        layers = range(len(self.attention_modules))
        in_layers = (f"{row.layers}.{i}.{norm}" for i in layers for norm in row.norms)
        return self._there(*in_layers, row.final_norm, *row.embedding_norms)

    @property
    def embeddings(self) -> list[str]:
        """Paths of what reads tokens and positions in, and of what reads logits out."""
        row = self.architecture
        return self._there(*row.embeddings, *row.after_norm, row.unembedding)

    @property
    def readout(self) -> list[str]:
        """Paths of what stands between the last layer and the unembedding, in the order in which it is run."""
        return self._there(*self.architecture.readout)

    def _there(self, *paths: str) -> list[str]:
        """Return those of the row's paths that this model has: a configuration may leave some out."""
        there = {name for name, _ in self.network.named_modules()}
        return [path for path in paths if path in there]

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
    def attending(self, implementation: str) -> Iterator[None]:
        """Run the block under an attention implementation, by its name."""
        before = self.network.config._attn_implementation  # noqa: SLF001  # transformers has no public reader
        try:
            self.network.config._attn_implementation = implementation  # noqa: SLF001
            yield
        finally:
            self.network.config._attn_implementation = before  # noqa: SLF001

    @contextmanager
    def attending_to(self, shared: SharedPrefix) -> Iterator[None]:
        """Run the block under attention to a shared prefix; adapters stand in where a family does not dispatch.

        Attention modules get the prefix by a hook: some families' layers do not hand arguments on to them.
        """

        def hand_over(_module: nn.Module, args: Any, arguments: Mapping[str, Any]) -> tuple[Any, Any]:
            return args, {**arguments, "shared_prefix": shared}

        adapter, modules = self.architecture.adapter, self.attention_modules
        with ExitStack() as undone, self.attending(self.architecture.shared):
            for module in modules:
                undone.enter_context(module.register_forward_pre_hook(hand_over, with_kwargs=True))
                if adapter is not None:
                    module.forward = partial(adapter, module)
                    undone.callback(delattr, module, "forward")  # the class's own forward shows again
            yield


def _slices(path: str, projection: nn.Module, places: Callable[[int], Places]) -> list[Slice]:
    # transformers' Conv1D (GPT-2) keeps weights as [input, output], nn.Linear as [output, input].
    axis = 0 if isinstance(projection, nn.Linear) else 1
    found = []
    for name, parameter in projection.named_parameters():
        along = axis if parameter.ndim > 1 else 0
        found.append(Slice(f"{path}.{name}", parameter, along, places(parameter.shape[along])))
    return found
