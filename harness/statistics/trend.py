"""How a value changes with a model's size: a slope for each demonstration set and example, of the models that share it.

With x_m = log10 of model m's parameters, the least-squares slope of one set's values y_m on one example is

    b = sum_m w_m y_m,      w_m = (x_m - mean x) / sum_m (x_m - mean x)^2,

what the value gains while size grows tenfold. It is linear in y: the mean of the slopes is the slope of the means, and
what a set or an example adds to all models alike drops out of it. The models are fixed, as tasks are: a mean slope's
interval is over new sets and examples for these models, and says nothing of a further model that lies off their line.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def slopes(
    values: Float[np.ndarray, "model _set _example"],
    sizes: Sequence[float],
    permuted: np.random.Generator | None = None,
) -> Float[np.ndarray, "_set _example"]:
    """Return the slope of each set and example over log10 of the models' sizes; NaN where a model has no value.

    `permuted`: a generator that gives the sizes to the models at random, anew for each set and example. A slope's
    expectation is 0 then, whatever the values are.

    Raises:
        ValueError: not one size above 0 for each model, or all are the same.

    """
    weights = _weights(sizes)
    if len(values) != len(weights):
        message = f"values of {len(values)} models and {len(weights)} sizes, expected as many of each"
        raise ValueError(message)
    wide = np.broadcast_to(weights[:, None, None], values.shape)
    if permuted is not None:
        wide = permuted.permuted(wide, axis=0)
    found: np.ndarray = (wide * (values - values[:1])).sum(axis=0)  # exactly 0 where all models have the same
    return found


def steepest(sizes: Sequence[float]) -> float:
    """Return the largest slope, up or down, that values between -1 and 1 can have: sum_m |w_m|.

    Raises:
        ValueError: as `slopes`.

    """
    return float(np.abs(_weights(sizes)).sum())


def _weights(sizes: Sequence[float]) -> Float[np.ndarray, " model"]:
    if not all(size > 0 for size in sizes) or len({*sizes}) < 2:  # noqa: PLR2004  # one point has no slope
        message = f"sizes {list(sizes)}, expected numbers above 0 that are not all the same"
        raise ValueError(message)
    places = np.log10(np.asarray(sizes, float))
    centred = places - places.mean()
    return np.asarray(centred / (centred**2).sum())
