"""The suite's command-line options, and README.md's table of them: both are written from the fields of Settings."""

import re

import pytest
from pydantic.fields import FieldInfo

from harness.errors import HarnessError
from harness.plugin.plugin import OPTIONS
from harness.plugin.suite import cases_of
from harness.settings import Settings

OWN = {name: FieldInfo(default=default, description=text) for name, (default, text) in OPTIONS.items()}
"""What no setting is: it changes neither what is computed nor where it is kept, only what becomes of the verdicts."""

MODELS_FILE = FieldInfo(
    default=None,
    description="file with a model a line, '#' begins a comment; in place of --model, for many",
)
"""What names several models, of which each has settings of its own."""

_IN_WORDS = re.compile(r" \(default: (.*?)\)")
"""How a text gives the default where the field's own would say less."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; a setting that is left out has no value here and takes its field's default."""
    group = parser.getgroup("icl-claims", "claims about in-context learning")
    for name, field in _fields().items():
        action = "store_true" if field.annotation is bool else "store"
        group.addoption(_option(name), action=action, default=None, help=_text(field).partition("; ")[0])


def pytest_configure(config: pytest.Config) -> None:
    """Read which models the command line names before anything is gathered: each is a marker, and -m may name it."""
    if any(config.getoption(name) is not None for name in ("model", "models_file", "profile")):
        try:
            cases_of(config)
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from error


def options_table() -> str:
    """Return README.md's table: a row an option with its default and the whole of its text."""
    rows = [
        f"| `{_option(name)}` | {_default(field)} | {_IN_WORDS.sub('', _text(field))} |\n"
        for name, field in (_fields() | OWN).items()
    ]
    return "| option | default | what it does |\n|---|---|---|\n" + "".join(rows).replace("<", "\\<")


def _fields() -> dict[str, FieldInfo]:
    """Return the settings, with what names several models behind what names one."""
    fields = Settings.model_fields
    return {"profile": fields["profile"], "model": fields["model"], "models_file": MODELS_FILE} | fields


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _text(field: FieldInfo) -> str:
    return str(field.description)


def _default(field: FieldInfo) -> str:
    if said := _IN_WORDS.search(_text(field)):
        return said[1]
    values = field.default if isinstance(field.default, tuple) else (field.default,)
    return ",".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values if value is not None)
