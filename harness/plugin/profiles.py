"""Settings that go together under a name, read from a file of profiles."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import HarnessError, nearest
from harness.files import parse_toml, read_text
from harness.plugin.models import cases_said
from harness.settings import Settings, parse_settings


def read_profile(file: Path, name: str) -> Mapping[str, object]:
    """Return the settings of a profile, lists as tuples; what it leaves out is not in them.

    Raises:
        HarnessError: there is no such profile, or the file can't be read or names a setting that does not exist.

    """
    try:
        profiles = parse_toml(read_text(file))
    except (OSError, ValueError) as error:
        raise HarnessError(f"can't read the profiles in {file}: {error}; correct the file") from error
    profile = profiles.get(name)
    if not isinstance(profile, Mapping):
        raise HarnessError(f"--profile '{name}': {nearest(name, profiles)}")
    for setting in profile:
        if setting not in Settings.model_fields:
            raise HarnessError(f"profile '{name}' in {file}: {nearest(setting, Settings.model_fields)}")
    return {key: tuple(value) if isinstance(value, list) else value for key, value in profile.items()}


def profile_named(file: Path, name: object) -> Mapping[str, object]:
    """Return the settings of the profile that an option names, or of the default one; raises as `read_profile`."""
    return read_profile(file, str(name or "default"))


def settings_with(given: Mapping[str, object], profiles: Path, store: Path) -> Settings:
    """Return the settings that options give (None where one is left out), and for the rest their profile's.

    `store` is where runs are kept where neither an option nor the environment says so. Raises HarnessError where one is
    wrong.
    """
    said = dict(given)
    for several in ("tasks", "learning_rates"):
        if said.get(several) is not None:
            said[several] = tuple(part.strip() for part in str(said[several]).split(",") if part.strip())
    if said.get("store") is None:
        said["store"] = os.environ.get("ICL_CLAIMS_STORE") or store
    profile = profile_named(profiles, said.get("profile"))
    return parse_settings(**{**profile, **{name: value for name, value in said.items() if value is not None}})


def options_among(arguments: Sequence[str]) -> Mapping[str, object]:
    """Return the settings and the file of models that the arguments of a run give, as pytest would take them.

    Raises:
        HarnessError: there is one that is no setting, or lacks its value.

    """
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False, exit_on_error=False)
    for name, field in Settings.model_fields.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", action="store_true" if field.annotation is bool else "store", default=None
        )
    parser.add_argument("--models-file", default=None)
    try:
        found, rest = parser.parse_known_args(list(arguments))
    except argparse.ArgumentError as error:
        raise HarnessError(f"options can't be used: {error}") from error
    if rest:
        raise HarnessError(f"'{rest[0]}' is no setting: {nearest(rest[0], (f'--{n}' for n in Settings.model_fields))}")
    return vars(found)


def settings_said(arguments: Sequence[str], profiles: Path, store: Path) -> Mapping[str, Settings]:
    """Return the settings that the arguments of a run give, of each model by what its cases are called.

    HarnessError where one is wrong, or names no model.
    """
    given = options_among(arguments)
    named = cases_said(given, profile_named(profiles, given.get("profile")))
    said = {name: value for name, value in given.items() if name != "models_file"}
    return {case: settings_with({**said, "model": model}, profiles, store) for case, model in named.items()}
