"""Settings are checked before anything is loaded, and a wrong one is named with why."""

import pytest

from harness.errors import HarnessError
from harness.settings import Protocol, Settings, parse_settings


def test_defaults_are_usable() -> None:
    """With nothing given there is a run: held out, with several demonstration sets drawn at random."""
    settings = parse_settings()
    assert (settings.protocol, settings.selection, settings.demonstration_sets) == (Protocol.HELD_OUT, "random", 5)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"protocol": "heldout"}, r"unknown protocol 'heldout': did you mean 'held-out'\? Known: held-out, paper"),
        ({"quieries": 3}, "quieries: Extra inputs are not permitted"),
        ({"queries": "many"}, r"queries: .*\(given: 'many'\)"),
        ({"queries": 1}, "queries: .*greater than or equal to 2"),
        ({"tasks": ()}, "tasks: .*at least one is needed"),
        ({"tasks": ("mr", "mr")}, "tasks: .*given twice: mr"),
        ({"learning_rates": ("1e-3", "0.001")}, "learning_rates: .*given twice"),
        ({"learning_rates": ("0",)}, r"learning_rates\.0: .*greater than 0"),
        ({"learning_rates": ("nan",)}, r"learning_rates\.0"),
        ({"learning_rates": ("1e39",)}, r"learning_rates\.0: .*less than 3"),
        ({"alpha": 1.0}, "alpha: .*less than 1"),
        ({"dtype": "float64"}, "dtype: .*'float32', 'bfloat16' or 'float16'"),
        (
            {"selection": "best", "candidate_sets": 2, "demonstration_sets": 3},
            "3 demonstration sets .* only 2 .*--selection random",
        ),
        ({"encoder": " "}, "encoder: .*is empty, as of a variable that is not set"),
        ({"selection": "worst"}, "selection: .*'random' or 'best'"),
    ],
)
def test_wrong_setting_is_named_with_what_is_expected(given: dict[str, object], complaint: str) -> None:
    """Each message names the setting, what was given or what would do."""
    with pytest.raises(HarnessError, match=complaint):
        parse_settings(**given)


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "../x", "a\\b", "a" * 101, " a", "a\n", "a\0b", "a\ud800"])
def test_task_is_named_by_a_plain_name(name: str) -> None:
    """A path, what no line can show, and what is longer than names are, are refused in one message that shows it."""
    with pytest.raises(HarnessError, match=r"tasks: .* can't be a task's name, which is a folder's own, not a path"):
        parse_settings(tasks=("movie", name))


@pytest.mark.parametrize(
    "name", ["movie", "sst2", "my task", "a.b-c_d", "ähnlich", "感情", "a" * 100, "...", "-", "\x1b[31mred"]
)
def test_plain_names_are_taken(name: str) -> None:
    """Letters of any script, digits, dots, dashes and spaces; and what steers a terminal, since it is shown escaped."""
    assert parse_settings(tasks=(name,)).tasks == (name,)


def test_what_was_given_does_not_fill_the_message() -> None:
    """Of thousands of letters the message keeps what is expected."""
    with pytest.raises(HarnessError, match=r"can't be a task's name.*at most 100 characters") as caught:
        parse_settings(tasks=("a" * 5000,), dtype="\x1b" * 5000)
    assert "'float32', 'bfloat16' or 'float16'" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value).encode()) < 1900


@pytest.mark.parametrize("setting", ["model", "data_dir", "wordnet", "store", "corpus", "device"])
@pytest.mark.parametrize("given", ["", " "])
def test_empty_name_is_refused(setting: str, given: str) -> None:
    """An option's value from a variable that is not set: as a folder it would be the working folder."""
    with pytest.raises(HarnessError, match=f"{setting}: .*is empty, .*; give a name, or leave the option out"):
        parse_settings(**{setting: given})


@pytest.mark.parametrize("setting", ["model", "data_dir", "wordnet", "store", "corpus", "device"])
def test_names_and_paths_hold_no_nul(setting: str) -> None:
    """No file system has one; where it is looked for it would be an error without a message."""
    with pytest.raises(HarnessError, match=rf"{setting}: .*holds a NUL character"):
        parse_settings(**{setting: "a\0b"})


def test_all_wrong_settings_are_named_at_once() -> None:
    """Two mistakes take one run to find, not two."""
    with pytest.raises(HarnessError, match=r"queries.*batch_size"):
        parse_settings(queries=0, batch_size=0)


def test_numbers_are_the_settings_that_decide_a_verdict() -> None:
    """Where things are kept, what runs at once and how rules are simulated decide none; everything else does."""
    left_out = {"profile", "store", "device", "batch_size", "processes", "simulations", "skip_bad_rows", "wordnet"}
    left_out |= {"engine", "threads"}
    assert set(Settings.model_fields) - set(Settings().numbers) == left_out


def test_random_sets_may_be_more_than_are_selected_among() -> None:
    """None is selected, so that how many there are to select among bounds nothing."""
    settings = parse_settings(selection="random", candidate_sets=2, demonstration_sets=5)
    assert (settings.selection, settings.demonstration_sets) == ("random", 5)
