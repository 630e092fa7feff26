"""Profiles: settings by name, under what the command line gives."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import fixtures
from harness.errors import HarnessError
from harness.files import parse_toml, read_text
from harness.plugin.models import cases_said
from harness.plugin.profiles import options_among, read_profile, settings_with
from harness.plugin.study import settings_of
from harness.settings import Protocol, Settings, parse_settings

PROFILES = parse_toml(read_text(fixtures.PROFILES))


def given(**options: object) -> Settings:
    """Return the settings of a command line."""
    config: Any = SimpleNamespace(getoption=lambda name, default=None: options.get(name, default))
    return settings_of(config, fixtures.PROFILES, Path("store"))


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_can_be_used(name: str) -> None:
    """Its settings are settings, and values that they may have, of each model that it names."""
    profile = read_profile(fixtures.PROFILES, name)
    for model in cases_said({}, profile).values():
        assert parse_settings(**{"profile": name, **profile, "model": model}).profile == name


def test_default_profile_is_the_settings_defaults() -> None:
    """Nothing stands in two places."""
    assert read_profile(fixtures.PROFILES, "default") == {}


def test_what_is_given_counts_before_the_profile() -> None:
    """The rest is the profile's, and where it says nothing, the default."""
    found = given(profile="quick", queries="33")
    assert (found.queries, found.dev_queries, found.demonstrations) == (
        33,
        read_profile(fixtures.PROFILES, "quick")["dev_queries"],
        32,
    )


def test_paper_protocol_selects_as_the_paper_did() -> None:
    """One set, the best of several on the reported examples."""
    found = given(profile="paper")
    assert (found.protocol, found.selection, found.demonstration_sets) == (Protocol.PAPER, "best", 1)


def test_profiles_cost_what_their_names_say() -> None:
    """More is drawn and asked in each than in the one before."""
    sizes = [given(profile=name) for name in ("quick", "default", "thorough")]
    for name in ("demonstration_sets", "queries", "dev_queries", "control_tasks", "control_queries"):
        values = [getattr(size, name) for size in sizes]
        assert values == sorted(values)
        assert values[0] < values[-1]


def test_profile_decides_no_verdict_beyond_its_settings() -> None:
    """The same settings by name or one by one are the same run to an expectation file."""
    assert parse_settings(profile="quick").numbers == parse_settings().numbers


def test_paper_profile_is_what_the_paper_did() -> None:
    """Its six tasks and two models, at most 2,000 examples, 32 demonstrations, the replication's rates in the grid."""
    found = given(profile="paper")
    models = ["fairseq-dense-1.3b", "fairseq-dense-2.7b"]
    assert [*cases_said({}, read_profile(fixtures.PROFILES, "paper")).values()] == models
    assert (found.model, found.queries, found.demonstrations) == (models[0], 2000, 32)
    assert found.tasks == ("sst2", "sst5", "mr", "subj", "agnews", "cb")
    assert {5e-4, 1.6e-4, 3e-3, 0.2, 0.08, *parse_settings().learning_rates} == {*found.learning_rates}
    assert found.momentum_size == "paper"


def test_arguments_are_settings_as_pytest_takes_them() -> None:
    """In both forms, flags among them; what is left out is its profile's."""
    words = ["--profile", "quick", "--queries=33", "--skip-bad-rows", "--tasks", "movie, tweet"]
    found = settings_with(options_among(words), fixtures.PROFILES, Path("store"))
    assert found == given(profile="quick", queries="33", skip_bad_rows=True, tasks="movie, tweet")


def test_lists_are_separated_by_commas() -> None:
    """Of every setting that holds several: tasks, learning rates, C15's own tasks, what is fitted to ICL."""
    words = ["--tasks=a, b", "--learning-rates", "1,2", "--momentum-tasks=c,d", "--distilled=answers,outputs"]
    found = settings_with(options_among(words), fixtures.PROFILES, Path("store"))
    assert (found.tasks, found.learning_rates) == (("a", "b"), (1.0, 2.0))
    assert (found.momentum_tasks, found.distilled) == (("c", "d"), ("answers", "outputs"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--querys", "3"], r"'--querys' is no setting: did you mean '--queries'"),
        (["--queries"], r"options can't be used: .*--queries.*expected one argument"),
        (["movie"], r"'movie' is no setting"),
    ],
)
def test_arguments_that_are_no_settings_are_one_message(words: list[str], message: str) -> None:
    """What is given is named, and what may have been meant."""
    with pytest.raises(HarnessError, match=message):
        options_among(words)


def test_settings_are_of_one_model(tmp_path: Path) -> None:
    """Of a profile that names several, the command line or a loop over them must say which."""
    (tmp_path / "profiles.toml").write_text('[two]\nmodel = ["owner/small", "owner/large"]\n')
    said = r"profile 'two' names 2 models \(owner/small, owner/large\), .*; name it with --model"
    with pytest.raises(HarnessError, match=said):
        settings_with({"profile": "two"}, tmp_path / "profiles.toml", tmp_path)
    assert settings_with({"profile": "two", "model": "a"}, tmp_path / "profiles.toml", tmp_path).model == "a"


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("[quick]\nmodel = []\n", "quick", r"model is \[\], expected a model's name or a list of names"),
        ('[quick]\nmodel = ["a", 3]\n', "quick", r"model is \['a', 3\], expected"),
        ('[quick]\nmodel = " "\n', "quick", "model is ' ', expected"),
        ("[quick]\n", "quik", "--profile 'quik': .*quick"),
        ("[quick]\nquerys = 3\n", "quick", "profile 'quick' in .*queries"),
        ("quick = 3\n", "quick", "--profile 'quick'"),
        ("[quick", "quick", "can't read the profiles"),
    ],
)
def test_wrong_profiles_are_one_message(tmp_path: Path, text: str, name: str, message: str) -> None:
    """An unknown name, an unknown setting, no table, no TOML, and models that are no names."""
    (tmp_path / "profiles.toml").write_text(text)
    with pytest.raises(HarnessError, match=message):
        read_profile(tmp_path / "profiles.toml", name)
