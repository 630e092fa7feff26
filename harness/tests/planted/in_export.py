"""Errors planted in what the paper's own scripts are given to read."""

from harness.tests.planted.planted import Planted

EXPORT, OF_EXPORT = "harness/report/lmops.py", "harness/tests/report/test_lmops.py::test_"


def error(name: str, right: str, wrong: str, test: str) -> Planted:
    """Plant an error in the export."""
    return Planted(name, "export", EXPORT, right, wrong, f"{OF_EXPORT}{test}")


ERRORS = [
    error(
        "the untouched model for the finetuned one",
        '"ftzs": _queries(cell.ft)',
        '"ftzs": _queries(cell.zsl)',
        "sim_aou_is_read_from_attention_outputs",
    ),
    error(
        "padding in the attention maps",
        "recording.scores_query[i, :, :, :length]",
        "recording.scores_query[i]",
        "sim_am_is_read_from_attention_maps",
    ),
    error(
        "training texts cut one token early",
        "np.cumsum([last - first + 1 for",
        "np.cumsum([last - first for",
        "kendall_is_read_from_context_and_training_texts",
    ),
    error(
        "right answers for what was predicted",
        "int(recording.predicted[i])",
        "int(recording.gold[i])",
        "rec2ftp_is_read_from_gold_and_predicted_labels",
    ),
    error(
        "any separator exported",
        "if gaps - {1}:",
        "if gaps - {0, 1}:",
        "separator_that_is_not_one_token_is_refused",
    ),
]
