"""Expected verdicts in a file."""

from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.judging.expectation import Expectation, read_expectation, write_expectation
from harness.settings import Settings
from harness.statistics.results import Outcome


def test_expectation_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Outcomes and settings survive the file, and the settings still match the run's."""
    settings = Settings(learning_rates=(1e-3, 0.1))
    given = Expectation(settings.numbers, {"C1": Outcome.SUPPORTED, "C12": Outcome.INCONCLUSIVE})
    write_expectation(tmp_path / "e.json", given)
    back = read_expectation(tmp_path / "e.json")
    assert back == given
    assert back.differences(settings) == []


def test_settings_that_differ_are_named(tmp_path: Path) -> None:
    """Each difference has both values; what decides no verdict (the store) is no difference."""
    expectation = Expectation(Settings().numbers, {})
    other = Settings(queries=7, store=tmp_path, batch_size=1)
    assert expectation.differences(other) == ["queries is 7, not 100"]


def test_setting_that_one_side_lacks_is_a_difference() -> None:
    """A file from before a setting existed is of another run."""
    numbers = Settings().numbers
    before = Expectation({name: value for name, value in numbers.items() if name != "alpha"} | {"beta": 1}, {})
    assert before.differences(Settings()) == ["alpha is 0.05, not None", "beta is None, not 1"]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[]",
        '{"settings": {}}',
        '{"settings": {}, "outcomes": {"C1": "MAYBE"}}',
        '{"settings": 1, "outcomes": {}}',
    ],
)
def test_file_that_cannot_be_used_is_one_error(tmp_path: Path, text: str | None) -> None:
    """Missing, cut or of another form: the message names the file and how one is made."""
    path = tmp_path / "e.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(HarnessError, match=r"e\.json' can't be used .*python -m harness expect"):
        read_expectation(path)
