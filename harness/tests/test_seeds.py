"""Named random streams."""

import numpy as np
import pytest

from harness.seeds import stream


def test_stream_does_not_depend_on_what_was_drawn_before() -> None:
    """A draw from another stream in between changes nothing."""
    alone = stream(0, "noise", 1).random(3)
    stream(0, "demonstrations").random(100)
    assert np.array_equal(stream(0, "noise", 1).random(3), alone)


@pytest.mark.parametrize(
    "other", [(1, "a", 1), (0, "b", 1), (0, "a", 2), (0, "a", "1"), (0, "a"), (0, "a1"), (0, 1, "a")]
)
def test_every_name_and_the_seed_count(other: tuple[int, str | int]) -> None:
    """Another seed, name, type of a name, order or number of names is another stream."""
    seed, *names = other
    assert stream(seed, *names).random() != stream(0, "a", 1).random()


def test_streams_of_neighbouring_seeds_are_uncorrelated() -> None:
    """The mean product of 4,000 draws each under seeds 0 and 1 is below 4 standard errors, 4 / sqrt(4000) = 0.063."""
    first, second = (stream(seed, "noise").standard_normal(4000) for seed in (0, 1))
    assert abs(np.mean(first * second)) < 0.063


def test_streams_stay_what_they_are() -> None:
    """Published verdicts rest on these draws: sha256 of repr((0, 'noise')) seeds PCG64."""
    assert stream(0, "noise").integers(1000, size=4).tolist() == [972, 324, 861, 67]
