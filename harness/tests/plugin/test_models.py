"""Which models a session is about."""

from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.plugin.models import cases, names_given, names_listed, one_named, require_different


@pytest.mark.parametrize(
    ("given", "names"), [("a", ("a",)), ("a,b", ("a", "b")), (" a , ,b,", ("a", "b")), ("", ("",)), ("a b", ("a b",))]
)
def test_models_are_separated_by_commas(given: str, names: tuple[str, ...]) -> None:
    """Spaces about a name, and nothing between commas, are left out; one name is taken as it is."""
    assert names_given(given) == names


def test_folder_with_a_comma_in_its_name_is_one_model(tmp_path: Path) -> None:
    """It is there, so that it is meant."""
    (tmp_path / "a,b").mkdir()
    assert names_given(str(tmp_path / "a,b")) == (str(tmp_path / "a,b"),)


def test_command_about_one_model_takes_no_several(tmp_path: Path) -> None:
    """It says how many were named; a folder with a comma in its name is one."""
    assert one_named(" a,", "reads") == "a"
    (tmp_path / "a,b").mkdir()
    assert one_named(str(tmp_path / "a,b"), "reads") == str(tmp_path / "a,b")
    with pytest.raises(HarnessError, match="--model 'a,b' names 2 models, and this reads one; name one of them"):
        one_named("a,b", "reads")


def test_file_names_a_model_a_line(tmp_path: Path) -> None:
    """Comments begin a line or follow a space; a '#' inside a name is the name's."""
    (tmp_path / "models").write_text("# ours\n a/b  # the first\nc#1\n\n\td,e\n")
    assert names_listed(tmp_path / "models") == ("a/b", "c#1", "d,e")


def test_cases_are_called_by_the_last_part_of_a_name() -> None:
    """In letters that pytest's expressions take; where there is one model its case has no name."""
    assert cases(["EleutherAI/pythia-70m", "/x/my model (2)/", "gemma3-270m"]) == {
        "pythia-70m": "EleutherAI/pythia-70m",
        "my_model_2_": "/x/my model (2)/",
        "gemma3-270m": "gemma3-270m",
    }
    assert cases(["_a", "模型"]) == {"a": "_a", "model": "模型"}
    assert cases(["/x/y"]) == {"": "/x/y"}


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["a", "b", "a"], "model 'a' is given twice"),
        (["x/a", "y/a"], "models 'x/a' and 'y/a' are both called 'a'"),
        (["a b", "a-b", "a_b"], "models 'a b' and 'a_b' are both called 'a_b'"),
    ],
)
def test_models_that_could_not_be_told_apart_are_refused(names: list[str], complaint: str) -> None:
    """By the names as they were given."""
    with pytest.raises(HarnessError, match=complaint):
        cases(names)


def test_same_weights_under_two_names_are_refused() -> None:
    """Different ones are not."""
    require_different({"a": "1", "b": "2"})
    with pytest.raises(HarnessError, match="models 'a' and 'c' are one"):
        require_different({"a": "1", "b": "2", "c": "1"})
