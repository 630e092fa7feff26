"""From labelled texts to three parts that never share a text, each in an order that no file order decides."""

import hashlib
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from harness.data import Example, LeftOut

TEST_SHARE = 0.4
DEV_SHARE = 0.2
"""The rest, 0.4, is the pool that demonstrations are drawn from."""
MARKS = 256
"""Combining marks on one letter at most; Unicode's own limit for text that is kept in streams is 30."""
COPIES = "copies of others, of which one is kept"
CONTRADICTIONS = "copies of others under more than one label, of which none is kept"
SURPLUS = "of a larger class: classes are cut to the smallest"
IN_TEST, IN_DEV = "in test too", "in dev too"
DEV_SHARE_OF_TRAIN = DEV_SHARE / (1 - TEST_SHARE)
"""Where test is given and train is not yet cut: the same ratio of dev to pool."""


@dataclass(frozen=True)
class Parts:
    """A task's examples: no text is in two parts."""

    pool: tuple[Example, ...]
    dev: tuple[Example, ...]
    test: tuple[Example, ...]
    left_out: tuple[LeftOut, ...] = ()
    """With the examples of the parts these are all rows that were given."""


def normalise(text: str) -> str:
    r"""Return the text in Unicode NFC with each run of white space as one space, and none at its ends.

    >>> normalise(" a\n\tb ")
    'a b'
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


def pile_of_marks(text: str) -> re.Match[str] | None:
    """Find more than MARKS combining marks in a row, which `normalise` would take time for by the square of the run."""
    return None if text.isascii() else _pile().search(text)


@cache
def _pile() -> re.Pattern[str]:
    """Of all characters that normalisation may have to sort, whether they are marks or decompose into some."""
    marks = (c for c in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(unicodedata.normalize("NFD", c)[0]))
    return re.compile(f"[{''.join(marks)}]{{{MARKS + 1}}}")


def make_example(texts: Mapping[str, str], label: int, place: str = "", options: Sequence[str] = ()) -> Example:
    """Return the example with normalised texts and their content hash; `place` is where its row stands.

    The hash is sha256 over all fields' normalised texts, case-folded: texts that differ in case or white
    space alone are one text, and can't be in two parts. Of multiple choice it is over the options too: one question
    may be asked with others.
    """
    shown = {field: normalise(text) for field, text in sorted(texts.items())}
    offered = tuple(map(normalise, options))
    # Case folding can undo NFC (as for U+1FB7), so the folded text is normalised once more.
    folded: dict[str, object] = {field: normalise(text.casefold()) for field, text in shown.items()}
    if offered:
        folded["options"] = [normalise(text.casefold()) for text in offered]
    return Example(shown, label, hashlib.sha256(json.dumps(folded).encode()).hexdigest(), place, offered)


def deduplicate(examples: Iterable[Example]) -> list[Example]:
    """Return one example a text, ordered by content hash.

    Copies with one label leave one (the least in string order, so that file order decides nothing); texts
    with more than one label are dropped altogether.
    """
    by_hash: defaultdict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_hash[example.content_hash].append(example)
    return [
        min(copies, key=lambda example: sorted(example.texts.items()))
        for _, copies in sorted(by_hash.items())
        if len({copy.label for copy in copies}) == 1
    ]


def split_balanced(examples: Iterable[Example], classes: int) -> Parts:
    """Return test, dev and pool cut by content hash, with equally many examples of each class in each part.

    A text's part depends on its own hash alone, so examples added later move no other one to another part.
    The larger classes keep their first examples by hash. Any first n of a part are balanced to within one.
    """
    given = list(examples)
    kept = deduplicate(given)
    cut: dict[str, list[Example]] = {"test": [], "dev": [], "pool": []}
    for example in kept:
        place = hash_fraction("part", example.content_hash)
        cut["test" if place < TEST_SHARE else "dev" if place < TEST_SHARE + DEV_SHARE else "pool"].append(example)
    pool, dev, test = (_balance(cut[part], classes) for part in ("pool", "dev", "test"))
    surplus = len(kept) - len(pool) - len(dev) - len(test)
    return Parts(pool, dev, test, (*_repeated("data", given), *_counted(("data", SURPLUS, surplus))))


def split_given(train: Sequence[Example], dev: Sequence[Example] | None, test: Sequence[Example]) -> Parts:
    """Return the parts as the files give them, each by content hash with its own mix of classes.

    Without dev, a third of train by hash is dev. Texts of test are dropped from dev and train, texts of dev
    from train.
    """
    kept_test, kept_train = deduplicate(test), deduplicate(train)
    if dev is None:
        is_dev = [hash_fraction("dev", e.content_hash) < DEV_SHARE_OF_TRAIN for e in kept_train]
        kept_dev = [e for e, chosen in zip(kept_train, is_dev, strict=True) if chosen]
        kept_train = [e for e, chosen in zip(kept_train, is_dev, strict=True) if not chosen]
    else:
        kept_dev = deduplicate(dev)
    clean_dev = _without(kept_dev, kept_test)
    clean_train = _without(kept_train, [*kept_test, *clean_dev])
    in_test = len(kept_train) - len(_without(kept_train, kept_test))
    left_out = [
        *(
            found
            for of, rows in (("train", train), ("dev", dev or ()), ("test", test))
            for found in _repeated(of, rows)
        ),
        *_counted(
            ("train", IN_TEST, in_test),
            ("train" if dev is None else "dev", IN_TEST, len(kept_dev) - len(clean_dev)),
            ("train", IN_DEV, len(kept_train) - in_test - len(clean_train)),
        ),
    ]
    return Parts(tuple(clean_train), tuple(clean_dev), tuple(kept_test), tuple(left_out))


def hash_fraction(salt: str, content_hash: str) -> float:
    """Return the text's place in [0, 1): uniform over texts, and independent between salts."""
    return int.from_bytes(hashlib.sha256(f"{salt}:{content_hash}".encode()).digest()[:6]) / 2**48


def _balance(part: Sequence[Example], classes: int) -> tuple[Example, ...]:
    """Return rounds of one example a class, in random order within a round, so that labels don't alternate.

    By content hash alone a class with surplus would come first in nearly every round: its i-th hash is
    smaller.
    """
    by_class = [[e for e in part if e.label == label] for label in range(classes)]
    smallest = min(map(len, by_class))
    rounds = zip(*(of_class[:smallest] for of_class in by_class), strict=True)
    return tuple(
        e for of_round in rounds for e in sorted(of_round, key=lambda e: hash_fraction("round", e.content_hash))
    )


def _repeated(of: str, given: Sequence[Example]) -> tuple[LeftOut, ...]:
    """Return what `deduplicate` leaves out."""
    labels: defaultdict[str, set[int]] = defaultdict(set)
    for example in given:
        labels[example.content_hash].add(example.label)
    contradictions = sum(len(labels[example.content_hash]) > 1 for example in given)
    kept = sum(len(found) == 1 for found in labels.values())
    return _counted((of, COPIES, len(given) - contradictions - kept), (of, CONTRADICTIONS, contradictions))


def _counted(*found: tuple[str, str, int]) -> tuple[LeftOut, ...]:
    """Return what is more than none, as one where rows and reason are the same."""
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for of, reason, rows in found:
        sums[of, reason] += rows
    return tuple(LeftOut(of, reason, rows) for (of, reason), rows in sums.items() if rows)


def _without(examples: Sequence[Example], others: Sequence[Example]) -> list[Example]:
    taken = {example.content_hash for example in others}
    return [example for example in examples if example.content_hash not in taken]
