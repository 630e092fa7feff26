"""Which models a session is about: one, or several that are judged one after the other."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harness.errors import HarnessError
from harness.files import read_text, what_is
from harness.settings import Settings

_COMMENT = re.compile(r"(?:^|\s)#.*")

_UNPLAIN = re.compile(r"[^\w.+-]+", re.ASCII)
"""What pytest's ids and its expressions of markers have no plain letter for."""


def cases_said(given: Mapping[str, object], profile: Mapping[str, object]) -> Mapping[str, str]:
    """Return the models that the options `model` or `models_file` name, or else the profile (see `cases`).

    HarnessError where both are given, or as `names_given`, `names_listed` and `cases` say.
    """
    model, file = given.get("model"), given.get("models_file")
    if model is not None and file is not None:
        raise HarnessError(f"--model '{model}' and --models-file '{file}' both name models; give one of them")
    if file is not None:
        return cases(names_listed(Path(str(file))))
    if model is not None:
        return cases(names_given(str(model)))
    return cases(names_in(profile) or (str(Settings.model_fields["model"].default),))


def names_in(profile: Mapping[str, object]) -> tuple[str, ...]:
    """Return the models that a profile names: one, several in a list, or none."""
    named = profile.get("model", ())
    return tuple(map(str, named)) if isinstance(named, tuple) else (str(named),)


def names_given(given: str) -> tuple[str, ...]:
    """Return the models that --model names: separated by commas, but for a folder that has one in its name.

    HarnessError where there is none between the commas.
    """
    if "," not in given or what_is(Path(given)) == "a folder":
        return (given,)
    return _some(_stripped(given.split(",")), f"--model '{given}'", "names separated by commas")


def one_named(given: str, does: str) -> str:
    """Return the one model that --model names to a command that `does` something to one.

    HarnessError where it names several, or none.
    """
    names = names_given(given)
    if len(names) > 1:
        raise HarnessError(f"--model '{given}' names {len(names)} models, and this {does} one; name one of them")
    return names[0]


def names_listed(file: Path) -> tuple[str, ...]:
    """Return the models that a file names, one a line; '#' begins a comment.

    HarnessError where the file can't be read, or names none.
    """
    expected = "a text file with a model a line"
    try:
        text = read_text(file)
    except (OSError, ValueError) as error:
        raise HarnessError(f"--models-file '{file}' can't be used ({error}); expected {expected}") from error
    return _some(_stripped(_COMMENT.sub("", line) for line in text.splitlines()), f"--models-file '{file}'", expected)


def cases(names: Sequence[str]) -> Mapping[str, str]:
    """Return the models by what their cases are called: '' where there is one, else the last part of a name or path.

    HarnessError where two are called the same: they could be told apart neither by -k nor in a table.
    """
    if len(names) == 1:
        return {"": names[0]}
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise HarnessError(f"model '{twice[0]}' is given twice, and each of its claims would be judged twice")
    found: dict[str, str] = {}
    for name in names:
        case = _UNPLAIN.sub("_", Path(name).name).lstrip("_") or "model"
        if (other := found.setdefault(case, name)) != name:
            raise HarnessError(
                f"models '{other}' and '{name}' are both called '{case}', and could not be told apart; give one of "
                "them a folder of another name, or run them one at a time and put the reports together "
                "(python -m harness combine)"
            )
    return found


def require_different(fingerprints: Mapping[str, str]) -> None:
    """Raise HarnessError where two names are of the same weights: each claim would count twice."""
    first: dict[str, str] = {}
    for name, fingerprint in fingerprints.items():
        if (other := first.setdefault(fingerprint, name)) != name:
            raise HarnessError(
                f"models '{other}' and '{name}' are one: their files are the same (sha256 {fingerprint[:16]}...), and "
                "each claim would be judged of it twice; give one of them"
            )


def _stripped(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.strip() for name in names if name.strip())


def _some(names: tuple[str, ...], given: str, expected: str) -> tuple[str, ...]:
    if not names:
        raise HarnessError(f"{given} names no model; expected {expected}")
    return names
