"""Errors planted in what an entry is believed by, what is moved aside, and what is removed."""

from harness.tests.planted.planted import Planted

CONCERNS = "store"
DRAFTS, ENTRIES, KEYS, SETTINGS, LEFTOVERS, STORE = (
    "harness/drafts.py",
    *(f"harness/store/{name}.py" for name in ("entries", "keys", "settings", "leftovers", "store")),
)
OF_PLACES, OF_LEFTOVERS, OF_KILLS = (
    f"harness/tests/test_store_{name}.py::test_" for name in ("places", "leftovers", "kills")
)


def error(file: str, name: str, right: str, wrong: str, caught_by: str) -> Planted:
    """Plant an error in the store."""
    return Planted(name, CONCERNS, file, right, wrong, caught_by)


ERRORS = [
    error(
        ENTRIES,
        "an entry of another key believed",
        ' or not is_key(document["key"], place.parts):',
        ":",
        f"{OF_PLACES}entry_of_another_is_not_believed",
    ),
    error(
        ENTRIES,
        "an entry of another kind believed",
        'if document.get("kind", place.kind) != place.kind or ',
        "if ",
        f"{OF_PLACES}entry_of_another_is_not_believed",
    ),
    error(
        ENTRIES,
        "an entry that does not say its kind lost",
        'document.get("kind", place.kind)',
        'document.get("kind")',
        f"{OF_PLACES}entry_that_does_not_say_its_kind_is_believed_by_its_key",
    ),
    error(
        KEYS,
        "a key compared as it was before JSON sorted its numbers as text",
        "return found == asked or found == canonical(json.loads(asked))",
        "return found == asked",
        "harness/tests/test_store_kills.py::test_store_that_cannot_be_written_to_is_read",
    ),
    error(
        ENTRIES,
        "facts nested without a bound",
        "parse_json(read_text(place.folder / FACTS, FACTS_BYTES))",
        "json.loads(read_text(place.folder / FACTS, FACTS_BYTES))",
        f"{OF_PLACES}text_that_is_no_facts_is_damage",
    ),
    error(
        DRAFTS,
        "what another process mended moved aside",
        "if not os.path.samestat(aside.lstat(), seen):",
        "if False:",
        f"{OF_LEFTOVERS}what_was_mended_meanwhile_stays",
    ),
    error(
        DRAFTS,
        "the draft of a living process removed",
        "freed += remove(path) if free else Freed()",
        "freed += remove(path)",
        f"{OF_KILLS}draft_of_a_living_process_is_left",
    ),
    error(
        DRAFTS,
        "a lock behind a link",
        "    if lock.is_symlink():",
        "    if False:",
        f"{OF_PLACES}what_stands_in_a_lock_s_place_is_no_lock",
    ),
    error(
        DRAFTS,
        "written through a link inside the store",
        "        require_no_link(folder)\n        clear(folder)",
        "        clear(folder)",
        f"{OF_PLACES}link_in_a_folder_s_place_is_read_through_and_not_written_through",
    ),
    error(
        DRAFTS,
        "room asked for whatever the error",
        "    if code in _FULL:",
        "    if True:",
        f"{OF_KILLS}store_that_cannot_be_written_to_is_read",
    ),
    error(
        LEFTOVERS,
        "checkpoints of unfinished trainings removed",
        "(entry := kind / checkpoint.name).is_dir():",
        "(entry := kind / checkpoint.name):",
        f"{OF_KILLS}checkpoints_go_with_the_training_that_is_kept",
    ),
    error(
        SETTINGS,
        "a newer store read",
        "    if found > FORMAT:",
        "    if found > FORMAT + 1:",
        f"{OF_PLACES}store_of_a_newer_format_is_refused",
    ),
    error(
        STORE,
        "drafts of killed processes left for ever",
        "            remove_leftovers(root)\n",
        "            pass\n",
        f"{OF_LEFTOVERS}draft_of_a_killed_process_is_removed",
    ),
    error(
        "harness/models/gpt/training.py",
        "a checkpoint of another training believed",
        "said.get(TRAINING) != folder.name or ",
        "",
        "harness/tests/models/gpt/test_checkpoints.py::test_checkpoint_of_another_training_starts_anew",
    ),
]
