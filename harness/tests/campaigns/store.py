"""Stores that things happen to: damage, mix-ups, things in the way, kills; the numbers are the same afterwards.

What happens is drawn when the store is there, in the answer: making it runs the store's own code.
"""

import json
import random
import warnings
from contextlib import suppress
from pathlib import Path

from harness.drafts import MovedAsideWarning
from harness.errors import HarnessError
from harness.store import Store, clean
from harness.tests.campaigns.campaign import Campaign
from harness.tests.toy_store import TOYS, happen, run_all, stray_names


def _make(rng: random.Random, folder: Path) -> str:
    steps = [rng.randrange(2**32) for _ in range(rng.randrange(1, 9))]
    (folder / "steps.json").write_text(json.dumps(steps))
    (folder / "outside").mkdir()
    (folder / "outside" / "precious").write_text("precious")
    return f"{len(steps)} happenings"


def _answer(folder: Path) -> str:
    """Return 'same' where all entries are found as they were, once mended without a computation or a warning."""
    root, outside = folder / ".store", folder / "outside"
    run_all(root)
    happened = []
    for seed in json.loads((folder / "steps.json").read_text()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MovedAsideWarning)
            rng = random.Random(seed)  # noqa: S311  # no secret
            if rng.randrange(4) == 0:
                run_all(root)
            if rng.randrange(4) == 0:
                with suppress(HarnessError):  # neither settings nor runs are left: no store
                    clean(root, aside=rng.randrange(2) == 0)
            happened.append(happen(rng, root, outside).words)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MovedAsideWarning)
        run_all(root)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store = Store(root)
        assert all(toy.is_in(store.find(toy)) for toy in TOYS), happened
    assert stray_names(root) == set(), happened
    assert [path.name for path in outside.iterdir()] == ["precious"], happened
    assert (outside / "precious").read_text() == "precious", happened
    return "same"


CAMPAIGN = Campaign("store", _make, _answer, preload=("harness.tests.toy_store",))
