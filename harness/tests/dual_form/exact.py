"""Cases of gradient descent on small integers and powers of two, for which float64 makes no rounding error at all."""

from collections.abc import Callable
from functools import partial

import torch
from hypothesis import strategies as st

from harness.dual_form import Descent, LinearLayer, minibatches, squared_error
from harness.dual_form.cases import TrainingCase


def exact_case(seed: int, past: int, batch_size: int, descent: Descent, *, bias: bool) -> TrainingCase:
    """Return two layers from 3 to 2 dimensions with whole numbers from -2 to 2 throughout.

    A step at learning rate 1/4 with momentum 1/2 and decay 1/2 adds at most 4 bits behind the point and 4 before
    it: four steps stay far below float64's 53.
    """
    generator = torch.Generator().manual_seed(seed)

    def whole(*shape: int) -> torch.Tensor:
        return torch.randint(-2, 3, shape, generator=generator).double()

    layer = LinearLayer(whole(2, 2, 3), whole(2, 2) if bias else None)
    batches = minibatches(whole(2, past, 3), whole(2, past, 2), batch_size)
    return TrainingCase(layer, batches, squared_error, descent, whole(2, 3, 3))


def exact_cases(fewest: int = 0) -> st.SearchStrategy[Callable[[], TrainingCase]]:
    """Return the strategy of exact cases, made when called: up to four inputs, with bias, momentum, decay or not."""
    halves = st.sampled_from([0.0, 0.5])
    descents = st.builds(Descent, st.sampled_from([0.0, 0.25]), halves, halves)
    past, sizes = st.integers(fewest, 4), st.integers(1, 2)
    return st.builds(partial, st.just(exact_case), st.integers(0, 2**32), past, sizes, descents, bias=st.booleans())
