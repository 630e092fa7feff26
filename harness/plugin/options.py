"""The suite's command-line options, and README.md's table of them: both are written from the fields of Settings."""

import re

import pytest
from pydantic.fields import FieldInfo

from harness.plugin.plugin import OPTIONS
from harness.settings import Settings

OWN = {name: FieldInfo(default=default, description=text) for name, (default, text) in OPTIONS.items()}
"""What no setting is: it changes neither what is computed nor where it is kept, only what becomes of the verdicts."""

_IN_WORDS = re.compile(r" \(default: (.*?)\)")
"""How a text gives the default where the field's own would say less."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; a setting that is left out has no value here and takes its field's default."""
    group = parser.getgroup("icl-claims", "claims about in-context learning")
    for name, field in Settings.model_fields.items():
        action = "store_true" if field.annotation is bool else "store"
        group.addoption(_option(name), action=action, default=None, help=_text(field).partition("; ")[0])


def options_table() -> str:
    """Return README.md's table: a row an option with its default and the whole of its text."""
    rows = [
        f"| `{_option(name)}` | {_default(field)} | {_IN_WORDS.sub('', _text(field))} |\n"
        for name, field in (Settings.model_fields | OWN).items()
    ]
    return "| option | default | what it does |\n|---|---|---|\n" + "".join(rows).replace("<", "\\<")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _text(field: FieldInfo) -> str:
    return str(field.description)


def _default(field: FieldInfo) -> str:
    if said := _IN_WORDS.search(_text(field)):
        return said[1]
    values = field.default if isinstance(field.default, tuple) else (field.default,)
    return ",".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values if value is not None)
