"""Watching: what is seen, in which order, what may be put in its place, and that nothing stays behind."""

import pytest
import torch
from torch import Tensor, nn

from harness.models.watching import watching


class TimesAnd(nn.Module):
    """Puts out x times a factor, and a second output that nobody asked for."""

    def forward(self, x: Tensor, factor: int) -> tuple[Tensor, str]:
        """Return both."""
        return x * factor, "weights"


class Chain(nn.Module):
    """ReLU, then times 3, then times -1."""

    def __init__(self) -> None:
        super().__init__()
        self.relu, self.times, self.negate = nn.ReLU(), TimesAnd(), TimesAnd()

    def forward(self, x: Tensor) -> Tensor:
        """Return -3 max(x, 0)."""
        out: Tensor = self.negate(self.times(self.relu(x), 3)[0], -1)[0]
        return out


def hooks(chain: Chain) -> int:
    """Return the number of hooks in the modules."""
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in chain.modules())


TWO = torch.tensor([2.0])


def test_outputs_come_with_the_modules_place_as_they_run() -> None:
    """Of 2 the ReLU makes 2, the factors 6 and -6: each is seen with its place in the list, not in the network."""
    chain, seen = Chain(), []
    with watching([chain.negate, chain.relu, chain.times], lambda i, out: seen.append((i, out.item()))):
        chain(TWO)
    assert seen == [(1, 2.0), (2, 6.0), (0, -6.0)]


def test_inputs_are_seen_before_the_module_runs() -> None:
    """The same modules are given 2, 2 and 6; a module that then fails has been seen."""
    chain, seen = Chain(), []
    with watching([chain.negate, chain.relu, chain.times], lambda i, x: seen.append((i, x.item())), inputs=True):
        chain(TWO)
        with pytest.raises(TypeError):
            chain.times(TWO)
    assert seen == [(1, 2.0), (2, 2.0), (0, 6.0), (2, 2.0)]


def test_what_is_returned_of_an_input_goes_in() -> None:
    """10 put in for the 2 that the first factor is given comes out as -(10 * 3), its other argument as it was."""
    chain = Chain()
    with watching([chain.times], lambda _, x: x + 8, inputs=True):
        assert chain(TWO).item() == -30
    assert chain(TWO).item() == -6


def test_outputs_stay_as_they_are() -> None:
    """What is returned of an output changes nothing."""
    chain = Chain()
    with watching([chain.times, chain.relu], lambda _, out: out + 8):
        assert chain(TWO).item() == -6


@pytest.mark.parametrize("inputs", [False, True])
def test_no_hook_stays_behind(inputs: bool) -> None:
    """Not where the block ends, nor where it is left by an exception, nor those of others are taken."""
    chain = Chain()
    chain.times.register_forward_hook(lambda *_: None)
    with watching([chain.relu, chain.times], lambda *_: None, inputs=inputs):
        assert hooks(chain) == 3
    assert hooks(chain) == 1
    with pytest.raises(KeyboardInterrupt), watching([chain.relu, chain.times], lambda *_: None, inputs=inputs):
        raise KeyboardInterrupt
    assert hooks(chain) == 1
