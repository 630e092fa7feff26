"""Task folders as others may make them: a sound one, mutated in its files' grammar, its kinds of files and its name."""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

from harness.tests.campaigns.campaign import Campaign
from harness.tests.campaigns.task_files import IN_ROWS, Files, sound_files
from harness.tests.campaigns.task_toml import IN_TOML

QUERIES, DEV, DEMONSTRATIONS = 4, 3, 3
CONTEXTS = (60, 300, 2000, 1_000_000)
NAMES = (
    *("..", ".", "", "/", "toy/", "./toy", "toy/../toy", "../data/toy", "\\", "nul", "Toy", "movie", "sst2"),
    *(
        "\x1b[31mtoy",
        "toy\n",
        "toy\x00",
        "\udcff",
        "t" * 101,
        "ä" * 100,
        "toy,toy",
        "toy,",
        "感情",
        "toy\u202e",
        "x" * 5000,
    ),
)
"""Names of tasks that are asked for in toy's place, separated by commas as on the command line."""
PLACES = (
    *("data/toy", ".", "data/", "data/../data", "none", "data/toy/train.jsonl", "a\x00b", "/", "loop", "~", "x" * 5000),
)
"""Folders that are named as the data's."""


def make(rng: random.Random, folder: Path) -> str:
    """Write a sound task with one to three things wrong, and what is asked of it."""
    files = sound_files(rng)
    asked: dict[str, object] = {"tasks": "toy", "data_dir": "data"}
    asked |= {"context": rng.choice(CONTEXTS), "skip": rng.random() < 0.4}
    kinds = rng.choices(["rows", "toml", "asked"], [6, 3, 1], k=rng.choice([1, 1, 1, 2, 3]))
    odd = [rng.choice(CHANGES[kind])(rng, files) for kind in kinds if kind != "asked"]
    if "asked" in kinds:
        odd.append(_asked_otherwise(rng, asked))
    _write(folder, files)
    if rng.random() < 0.2:
        odd.append(rng.choice(ON_DISK)(rng, folder))
    (folder / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    return "; ".join(odd)


def answer(folder: Path) -> str:
    """Load the task and build its prompts, as a run does before any weights are loaded."""
    import fixtures  # noqa: PLC0415  # the child's own
    from harness.prompts import PromptBuilder, draw_demonstrations, first_examples  # noqa: PLC0415
    from harness.settings import parse_settings  # noqa: PLC0415
    from harness.tasks import load_task  # noqa: PLC0415
    from harness.tests.byte_tokenizer import byte_tokenizer  # noqa: PLC0415

    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    os.chdir(folder)
    names = tuple(str(asked["tasks"]).split(","))
    settings = parse_settings(tasks=names, data_dir=asked["data_dir"], skip_bad_rows=asked["skip"])
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    builder = PromptBuilder(byte_tokenizer(*(("Ġ", letter) for letter in letters)), 0, "\n", asked["context"])
    for name in settings.tasks:
        task = load_task(
            name,
            catalogue=fixtures.TASKS,
            fetched=folder / ".store" / "fetched",
            data_dir=settings.data_dir,
            skip_bad_rows=settings.skip_bad_rows,
        )
        for part, number in (("dev", DEV), ("test", QUERIES)):
            examples = first_examples(task, part, number)
            builder.build(task, draw_demonstrations(task, DEMONSTRATIONS, 0, 0), examples)
    return "prompts"


def _asked_otherwise(rng: random.Random, asked: dict[str, object]) -> str:
    what, values = rng.choice([("tasks", NAMES), ("data_dir", PLACES)])
    asked[what] = rng.choice(values)
    return f"{what} is {str(asked[what])[:20]!r}"


def _write(folder: Path, files: Files) -> None:
    toy = folder / "data" / "toy"
    toy.mkdir(parents=True)
    (folder / "loop").symlink_to("loop")
    for name, content in files.items():
        (toy / name).write_bytes(content)


def _other_kind(rng: random.Random, folder: Path) -> str:
    """Put what is no regular file in a file's place."""
    name = rng.choice(["train.jsonl", "dev.jsonl", "test.jsonl", "task.toml"])
    kind = rng.choice(["FIFO", "folder", "dangling link", "loop", "null", "zero", "nothing", "hole", "huge"])
    file = folder / "data" / "toy" / name
    file.unlink(missing_ok=True)
    if kind == "FIFO":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    elif kind in {"dangling link", "loop", "null", "zero"}:
        file.symlink_to({"dangling link": "nowhere", "loop": name, "null": "/dev/null", "zero": "/dev/zero"}[kind])
    elif kind in {"hole", "huge"}:
        with file.open("wb") as hole:
            hole.truncate({"hole": 60 << 20, "huge": 100 << 30}[kind])
    return f"{name} is a {kind}"


def _folder_is_a_link(rng: random.Random, folder: Path) -> str:
    """Let the task's folder be a link to one inside the data, outside of it, or to nothing."""
    where = rng.choice(["data/v1", "elsewhere", "nowhere"])
    toy = folder / "data" / "toy"
    if where == "nowhere":
        toy.rename(folder / "data" / "v1")
    else:
        toy.rename(folder / where)
    toy.symlink_to(folder / where)
    return f"the folder is a link to {where}"


def _many_folders(_: random.Random, folder: Path) -> str:
    """Put two thousand folders of odd names beside it, and ask for one that is not there."""
    for number in range(2000):
        beside = folder / "data" / f"\x1b[3{number}m"
        beside.mkdir()
        (beside / "task.toml").touch()
    toy = folder / "data" / "toy"
    toy.rename(toy.with_name("other"))
    return "two thousand folders of odd names"


ON_DISK: list[Callable[[random.Random, Path], str]] = [*[_other_kind] * 6, _folder_is_a_link, _many_folders]
CHANGES = {"rows": IN_ROWS, "toml": IN_TOML}
PRELOAD = ("harness.tasks", "harness.prompts", "harness.settings", "harness.tests.byte_tokenizer", "fixtures")
CAMPAIGN = Campaign("tasks", make, answer, PRELOAD)
