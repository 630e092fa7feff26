"""The command line about models: what is fetched, and a plan of each of several."""

import json
import re
import shutil
from pathlib import Path

import pytest

import claims
import fixtures
from harness.judging.claims import MODEL, load_claims
from harness.tests.conftest import Run
from harness.tests.packed_model import packed_in_parts
from harness.tests.tiny import Project, make_model

CLAIMS = load_claims(claims)


def test_plan_is_of_each_model_that_a_profile_names(
    run: Run, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other; what is about no model is planned with the first, as it is judged once."""
    names = [str(project.model), str(shutil.copytree(project.model, tmp_path / "second"))]
    (tmp_path / "profiles.toml").write_text(f"[two]\nmodel = {json.dumps(names)}\n")
    monkeypatch.setattr(fixtures, "PROFILES", tmp_path / "profiles.toml")
    given = [word for word in project.arguments(tmp_path / "store") if not word.startswith("--model=")]
    code, said, err = run("plan", "--profile=two", *given)
    assert (code, err) == (0, "")
    first, second = said.partition(f"{names[1]}:")[::2]
    assert first.startswith(f"{names[0]}:\n")
    found = [re.search(rf"(\d+) claims of {name} on toy", said) for name in map(re.escape, names)]
    assert [int(of[1]) for of in found if of] == [len(CLAIMS), sum(m.claim.subject == MODEL for m in CLAIMS.values())]
    assert " training" in first
    assert " training" not in second


def test_several_models_are_fetched(run: Run, toy_store: Path, project: Project, tmp_path: Path) -> None:
    """Each is said; of one under terms it is said where they stand, as alone."""
    second = make_model(tmp_path / "second", seed=1)
    code, said, _ = run("fetch", "--model", f"{project.model},{second}", "--store", toy_store)
    found = re.findall(r"^model: (.*), sha256 \w{64}$", said, flags=re.MULTILINE)
    assert (code, found) == (0, [str(project.model), str(second)])
    code, _, err = run("fetch", "--model", f"{project.model},toy", "--store", toy_store)
    assert (code, "fetch --model toy --accept-terms" in err) == (2, True)


@pytest.fixture
def toy_store(fetched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a store with the tasks' archives and the pieces of 'toy', the one model of a catalogue of its own."""
    store = tmp_path / "store"
    (store / "fetched").mkdir(parents=True)
    for archive in fetched.glob("vader*.zip"):
        (store / "fetched" / archive.name).symlink_to(archive)
    tables = packed_in_parts(store / "fetched").model_dump()
    parts = ", ".join(f"{{ {_keys(part, ', ')} }}" for part in tables.pop("parts"))
    terms = _keys(tables.pop("terms"), ", ")
    said = f"[toy]\n{_keys(tables, chr(10))}\nterms = {{ {terms} }}\nparts = [{parts}]\n"
    (tmp_path / "models.toml").write_text(said, encoding="utf-8")
    monkeypatch.setattr(fixtures, "MODELS", tmp_path / "models.toml")
    return store


def _keys(table: dict[str, object], between: str) -> str:
    return between.join(f"{name} = {json.dumps(value)}" for name, value in table.items())


def test_weights_under_terms_are_not_fetched_unasked(run: Run, toy_store: Path) -> None:
    """The terms are unpacked, and the message says where they stand and what accepts them; no piece is joined."""
    code, _, err = run("fetch", "--model", "toy", "--store", toy_store)
    assert (code, len(err.splitlines())) == (2, 1)
    assert f"which stand in {toy_store}/fetched/toy-1.0/TERMS" in err
    assert "if you accept them: python -m harness fetch --model toy --accept-terms" in err
    assert (toy_store / "fetched" / "toy-1.0" / "TERMS").read_text() == "You may."
    assert not [*toy_store.rglob("*.gguf")]


def test_accepted_terms_bring_the_weights(run: Run, toy_store: Path) -> None:
    """The pieces are joined; that these are no GGUF file is one message, which names it."""
    code, _, err = run("fetch", "--model", "toy", "--accept-terms", "--store", toy_store)
    (joined,) = toy_store.rglob("*.gguf")
    assert (code, joined.read_bytes()) == (2, b"GGUF, or not")
    assert f"model 'toy' in {joined.parent}: toy.gguf can't be used" in err


def test_fetching_again_changes_nothing(run: Run, fetched: Path) -> None:
    """Where archives and model are there and whole, no file is written, and both calls say the same."""
    store = fetched.parent
    if not any((store / "models").glob("*/model.safetensors")):
        pytest.skip(f"no unpacked model in {store / 'models'}: a first run unpacks it")

    def state() -> dict[Path, int]:
        files = [path for folder in ("fetched", "models") for path in (store / folder).rglob("*.*")]
        return {path: path.stat().st_mtime_ns for path in files if path.suffix != ".lock"}

    before = state()
    first, second = run("fetch", "--store", store), run("fetch", "--store", store)
    assert (first[0], first) == (0, second)
    assert state() == before
