"""Whether a task was learned: worked by hand, at the threshold and on either side of it."""

from dataclasses import replace

import pytest

from harness.evidence.presuppositions import distance, not_learned
from harness.statistics.judgement import FARTHEST
from harness.tests.planted.worlds import learning


@pytest.mark.parametrize(
    ("corrected", "broke", "number", "least", "learned"),
    [
        (1, 0, 50, 0.02, True),  # one query in fifty is just enough
        (0, 0, 50, 0.02, False),
        (10, 9, 50, 0.02, True),
        (10, 10, 50, 0.02, False),  # what is gained is not what is corrected
        (7, 0, 100, 0.07, True),  # 0.07 * 100 is more than 7 in floating point
        (29, 0, 100, 0.29, True),
        (28, 0, 100, 0.29, False),
        (0, 0, 50, 0.0, True),
        (0, 50, 50, -1.0, True),  # a threshold of -1 leaves nothing out
    ],
)
@pytest.mark.parametrize("setting", ["icl", "ft"])
def test_gain_is_held_to_the_threshold(
    setting: str, corrected: int, broke: int, number: int, least: float, *, learned: bool
) -> None:
    """The gain is corrected less broken answers over queries: at the threshold a task was learned."""
    counts = {"icl": 20, "ft": 20, "broke": broke, "number": number} | {setting: corrected}
    assert ("a" not in not_learned({"a": [learning(**counts)]}, (setting,), least)) is learned


def test_sets_are_joined() -> None:
    """Of three sets of fifty one gained three, the others none: 3 of 150 is just two points; 3 of 200 is less."""
    sets = [learning(ft=3), learning(ft=0), learning(ft=0)]
    assert not not_learned({"a": sets}, ("ft",), 0.02)
    assert not_learned({"a": [*sets, learning(ft=0)]}, ("ft",), 0.02) == {
        "a": "finetuning corrected 3 and broke 0 of 200 answers on dev (+1.5 points, less than 2)"
    }


def test_each_setting_has_its_own_counts() -> None:
    """ICL learned and FT did not, or the other way round: what is presumed decides, and the words say which."""
    learned = {"a": [learning(icl=5, ft=0)], "b": [learning(icl=0, ft=5)]}
    by_setting = {setting: list(not_learned(learned, (setting,), 0.02)) for setting in ("icl", "ft")}
    assert by_setting == {"icl": ["b"], "ft": ["a"]}
    both = not_learned(learned, ("icl", "ft"), 0.02)
    assert both["a"].startswith("finetuning corrected 0 ")
    assert both["b"].startswith("learning in context corrected 0 ")


def test_what_one_setting_broke_is_not_held_against_the_other() -> None:
    """Both corrected ten; ICL broke ten as well, and learned nothing."""
    found = replace(learning(icl=10, ft=10, broke=0), icl_broke=10)
    assert list(not_learned({"a": [found]}, ("icl",), 0.02)) == ["a"]
    assert not not_learned({"a": [found]}, ("ft",), 0.02)


def test_every_reason_of_a_task_is_said() -> None:
    """Both settings fell short: two reasons, in the order in which they are presumed."""
    (said,) = not_learned({"a": [learning(icl=0, ft=1, broke=1)]}, ("icl", "ft"), 0.1).values()
    assert said == (
        "learning in context corrected 0 and broke 1 of 50 answers on dev (-2.0 points, less than 10); "
        "finetuning corrected 1 and broke 1 of 50 answers on dev (+0.0 points, less than 10)"
    )


def test_what_presumes_nothing_leaves_nothing_out() -> None:
    """Whatever was learned."""
    assert not not_learned({"a": [learning(icl=0, ft=0)]}, (), 0.02)


def test_distance_by_hand() -> None:
    """10 corrected and 2 broken of 100: gain 0.08, error sqrt(0.12 - 0.0064) / 10 = 0.0337, so 0.06 is 1.78 of them.

    Twice the same queries under another set are no new ones; a task at 1.78 errors below its threshold is as far.
    """
    one = learning(ft=10, broke=2, number=100)
    assert distance({"a": [one]}, ("ft",), 0.02) == pytest.approx(1.780, abs=1e-3)
    assert distance({"a": [one, one]}, ("ft",), 0.02) == pytest.approx(1.780, abs=1e-3)
    assert distance({"a": [one]}, ("ft",), 0.14) == pytest.approx(1.780, abs=1e-3)


def test_distance_is_that_of_the_task_that_stays_longest_and_its_weakest_setting() -> None:
    """A claim can be tested while one task has all that it presumes."""
    near, far = learning(icl=40, ft=5, number=100), learning(icl=30, ft=20, number=100)
    alone = [distance({"a": [found]}, ("icl", "ft"), 0.02) for found in (near, far)]
    assert alone[0] == distance({"a": [near]}, ("ft",), 0.02)
    assert distance({"a": [near], "b": [far]}, ("icl", "ft"), 0.02) == max(filter(None, alone))


def test_distance_is_bounded_and_of_something() -> None:
    """Where no answer changed nothing varies; what presumes nothing is no distance from it."""
    assert distance({"a": [learning(ft=0)]}, ("ft",), 0.02) == FARTHEST
    assert distance({"a": [learning(ft=0)]}, (), 0.02) is None
