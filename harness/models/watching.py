"""Watch what goes into modules of a network, or what comes out of them, while a block runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from torch import Tensor, nn

See = Callable[[int, Tensor], Tensor | None]
"""Called with a module's place among those watched and what it was given or put out."""


@contextmanager
def watching(modules: Sequence[nn.Module], see: See, *, inputs: bool = False) -> Iterator[None]:
    """Call `see(i, tensor)` whenever the i-th module has run, with its output; with `inputs` before it, with its input.

    Of several outputs, or positional inputs, it is the first. What `see` returns of an input, if not None, goes in in
    its place; outputs stay as they are. The hooks are gone behind the block, however it ends.
    """

    def before(i: int, _module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        other = see(i, args[0])
        return None if other is None else (other, *args[1:])

    def after(i: int, _module: nn.Module, _args: Any, output: Any) -> None:
        see(i, output[0] if isinstance(output, tuple) else output)

    with ExitStack() as hooks:
        for i, module in enumerate(modules):
            if inputs:
                hooks.enter_context(module.register_forward_pre_hook(partial(before, i)))
            else:
                hooks.enter_context(module.register_forward_hook(partial(after, i)))
        yield
