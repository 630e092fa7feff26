"""What a recording says of itself."""

import numpy as np

from harness.data import Recording, Setting


def test_predicted_answer_has_the_largest_logit_and_the_first_wins_ties() -> None:
    """Logits (0, 1) answer 1; (2, 2) answer 0; against gold 1 and 1 that is right, wrong."""
    nothing = np.empty(0, np.float32)
    logits = np.array([[0, 1], [2, 2]], np.float32)
    recording = Recording(Setting.ZSL, np.array([1, 1]), logits, nothing, nothing, nothing, nothing)
    assert (recording.predicted.tolist(), recording.correct.tolist()) == ([1, 0], [True, False])


def test_query_text_is_as_long_as_its_last_score() -> None:
    """Scores of tokens 0 and 2 in one layer, 1 and 2 in another, are of three tokens; without scores there are none."""
    nothing, nan = np.empty(0, np.float32), np.nan
    scores = np.array([[[[1, nan, 1, nan]], [[nan, 1, 1, nan]]], [[[1, nan, nan, nan]]] * 2], np.float32)
    none = np.empty((0, 0, 0, 0), np.float32)
    lengths = [
        Recording(Setting.ZSL, nothing, nothing, nothing, given, nothing, nothing).query_lengths.tolist()
        for given in (scores, none)
    ]
    assert lengths == [[3, 1], []]
