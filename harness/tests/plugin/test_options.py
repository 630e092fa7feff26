"""The command line and README.md say of each option what its setting says."""

from types import SimpleNamespace
from typing import Any

import pytest

from harness.plugin.options import options_table, pytest_addoption
from harness.settings import Settings
from harness.tests.conftest import ROOT


def test_readme_holds_the_table_of_the_options() -> None:
    """Names, defaults and texts are those of the code: where one changed, paste what `options_table` returns."""
    assert f"\n\n{options_table()}\n" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "row",
    [
        "| `--tasks` | movie,origin | tasks, separated by commas; those of fixtures/tasks.toml, and your own |",
        "| `--data-dir` |  | folder with \\<task>/train.jsonl and test.jsonl |",
        "| `--wordnet` | where systems and NLTK put it | folder with WordNet 3.0's data.noun, for the task gloss |",
        "| `--dev-queries` | 50 | examples a task to select on |",
        "| `--processes` | one a processor, fewer where memory is short | runs and trainings at once on the CPU |",
        "| `--expect` |  | JSON file of expected verdicts: one that changes by more than its margin fails |",
    ],
)
def test_row_has_name_default_and_text(row: str) -> None:
    """Several values as the command line takes them, no default as none, and one in words where the text has it."""
    assert row in options_table().splitlines()


@pytest.fixture
def added() -> dict[str, dict[str, Any]]:
    """Return what a parser is given, by option."""
    given: dict[str, dict[str, Any]] = {}
    group = SimpleNamespace(addoption=lambda name, **how: given.update({name: how}))
    parser: Any = SimpleNamespace(getgroup=lambda *_: group)
    pytest_addoption(parser)
    return given


def test_help_is_the_text_up_to_its_first_semicolon(added: dict[str, dict[str, Any]]) -> None:
    """What README.md alone has room for stays out of `pytest --help`."""
    assert added["--demonstrations"]["help"] == "demonstrations in the context, and training steps of finetuning"
    assert added["--orders"]["help"] == "orders of the same demonstrations to compare"


def test_setting_that_is_not_given_has_no_value(added: dict[str, dict[str, Any]]) -> None:
    """Its default is the field's alone; yes-or-no settings are flags."""
    assert added
    assert {how["default"] for how in added.values()} == {None}
    assert [name for name, how in added.items() if how["action"] == "store_true"] == ["--hub-data", "--skip-bad-rows"]


def test_every_setting_says_what_it_is_and_is_taken(pytestconfig: pytest.Config) -> None:
    """Each field has a text, and pytest knows an option of its name."""
    for name, field in Settings.model_fields.items():
        assert field.description
        pytestconfig.getoption(name)
