"""Settings that go together under a name, read from a file of profiles."""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import HarnessError, nearest
from harness.files import parse_toml, read_text, what_is
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
    _require_names(profile.get("model", "a name"), f"profile '{name}' in {file}")
    return {key: tuple(value) if isinstance(value, list) else value for key, value in profile.items()}


def _require_names(model: object, where: str) -> None:
    """Raise HarnessError unless it is a model's name, or a list of some."""
    names = model if isinstance(model, list) else [model]
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise HarnessError(f"{where}: model is {model!r}, expected a model's name or a list of names; correct the file")


def profile_named(file: Path, name: object) -> Mapping[str, object]:
    """Return the settings of the profile that an option names, or of the default one; raises as `read_profile`."""
    return read_profile(file, str(name or "default"))


def settings_with(given: Mapping[str, object], profiles: Path, store: Path) -> Settings:
    """Return the settings that options give (None where one is left out), and for the rest their profile's.

    `store` is where runs are kept where neither an option nor the environment says so. Settings are of one model: of a
    profile that names several, `given` must say which. Raises HarnessError where it does not, or where one is wrong.
    """
    said = dict(given)
    for listed, field in Settings.model_fields.items():
        if "tuple[" in str(field.annotation) and said.get(listed) is not None:
            said[listed] = tuple(part.strip() for part in str(said[listed]).split(",") if part.strip())
    if said.get("store") is None:
        said["store"] = os.environ.get("ICL_CLAIMS_STORE") or store
    profile = profile_named(profiles, said.get("profile"))
    several = profile.get("model")
    if said.get("model") is None and isinstance(several, tuple):
        raise HarnessError(
            f"profile '{said['profile']}' names {len(several)} models ({', '.join(several)}), and these settings are "
            "of one; name it with --model"
        )
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


def require_there(settings: Settings) -> None:
    """Raise HarnessError where a folder or file that the settings name is none, whether it is needed or not."""
    folder, corpus = settings.data_dir, settings.corpus
    if folder is not None and what_is(folder) != "a folder":
        raise HarnessError(f"--data-dir '{folder}' is {what_is(folder)}; expected a folder with <task>/train.jsonl")
    if settings.wordnet is not None and (stands := what_is(settings.wordnet)) != "a folder":
        raise HarnessError(
            f"--wordnet '{settings.wordnet}' is {stands}; expected a folder with WordNet 3.0's data.noun"
        )
    if corpus == "package" or corpus.startswith("hub:"):
        return
    stands = what_is(Path(corpus))
    if stands not in {"a file", "a folder"}:
        known = "'package', a text file, a folder of .txt files, or hub:OWNER/NAME[:CONFIG]"
        raise HarnessError(f"--corpus '{corpus}' is {stands}; expected {known}")
