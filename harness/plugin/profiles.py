"""Settings that go together under a name, read from a file of profiles."""

from collections.abc import Mapping
from pathlib import Path

from harness.errors import HarnessError, nearest
from harness.files import parse_toml, read_text
from harness.settings import Settings


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
