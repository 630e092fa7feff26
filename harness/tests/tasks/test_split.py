"""Splits: no text in two parts, no part moved by what is added, no class in front of another."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import Example
from harness.tasks.split import Parts, deduplicate, make_example, normalise, split_balanced, split_given

CLASSES = 3
WORDS = st.text(alphabet="abcAB é\t", min_size=1, max_size=6).filter(str.strip)
EXAMPLES = st.lists(st.tuples(WORDS, st.integers(0, CLASSES - 1)).map(lambda pair: _example(*pair)))


def _example(text: str, label: int = 0) -> Example:
    return make_example({"text": text}, label)


def _hashes(part: tuple[Example, ...]) -> set[str]:
    return {example.content_hash for example in part}


def _places(parts: Parts) -> dict[str, str]:
    named = {"pool": parts.pool, "dev": parts.dev, "test": parts.test}
    return {example.content_hash: name for name, part in named.items() for example in part}


def test_normalised_text_is_composed_and_single_spaced() -> None:
    """An e with a combining accent is the one letter; any run of white space is one space."""
    assert normalise(" cafe\u0301\r\n\u00a0noir ") == "caf\u00e9 noir"


def test_case_and_space_do_not_make_a_text() -> None:
    """Texts that differ in case, white space or composition alone have one hash; case is still shown."""
    one, other = _example("Ein  Stra\u00dfe\u0301"), _example("ein STRASSE\u0301")
    assert one.content_hash == other.content_hash
    assert one.texts == {"text": "Ein Stra\u00df\u00e9"}


def test_hash_knows_which_field_a_text_is_in() -> None:
    """Premise and hypothesis swapped are another example; so are texts cut elsewhere; the label is not."""
    pairs = [{"a": "x", "b": "y"}, {"a": "y", "b": "x"}, {"a": "x y", "b": ""}]
    assert len({make_example(texts, 0).content_hash for texts in pairs}) == len(pairs)
    assert make_example(pairs[0], 0).content_hash == make_example(pairs[0], 1).content_hash


def test_copies_leave_one_and_conflicts_leave_none() -> None:
    """Of a, a, A (one label) one stays, the least in string order; b under two labels is gone altogether."""
    kept = deduplicate([_example("a"), _example("b", 1), _example("a"), _example("A"), _example("b", 0)])
    assert [example.texts["text"] for example in kept] == ["A"]


@given(EXAMPLES)
def test_no_text_is_in_two_parts(examples: list[Example]) -> None:
    """Pool, dev and test never share a text."""
    parts = split_balanced(examples, CLASSES)
    assert len(_places(parts)) == sum(map(len, (parts.pool, parts.dev, parts.test)))


@given(st.lists(WORDS))
def test_no_text_of_one_class_is_lost(texts: list[str]) -> None:
    """Where no class is larger and no label differs, every text is in a part."""
    examples = [_example(text) for text in texts]
    assert _places(split_balanced(examples, 1)).keys() == _hashes(tuple(examples))


@given(EXAMPLES, st.none() | EXAMPLES, EXAMPLES)
def test_given_parts_share_no_text_and_lose_none(
    train: list[Example], dev: list[Example] | None, test: list[Example]
) -> None:
    """Every text that has one label in its own file is in exactly one part."""
    parts = split_given(train, dev, test)
    kept = {example.content_hash for file in (train, dev or [], test) for example in deduplicate(file)}
    assert _places(parts).keys() == kept
    assert len(kept) == sum(map(len, (parts.pool, parts.dev, parts.test)))


@given(EXAMPLES, WORDS, st.integers(0, CLASSES - 1))
def test_adding_an_example_moves_no_other(examples: list[Example], text: str, label: int) -> None:
    """A text that is in a part before and after an addition is in the same part."""
    before = _places(split_balanced(examples, CLASSES))
    after = _places(split_balanced([*examples, _example(text, label)], CLASSES))
    assert all(after[text] == before[text] for text in before.keys() & after.keys())


@given(st.randoms(use_true_random=False), EXAMPLES)
def test_file_order_decides_nothing(random: object, examples: list[Example]) -> None:
    """The same examples in another order give the same parts in the same order."""
    shuffled = list(examples)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types it as Random only by annotation
    assert split_balanced(shuffled, CLASSES) == split_balanced(examples, CLASSES)


def test_any_first_n_are_balanced() -> None:
    """However many of a part are taken from its front, no class has two more than another."""
    examples = [_example(f"text {i}", 0 if i % 5 else 1 + i % 2) for i in range(600)]
    parts = split_balanced(examples, CLASSES)
    for part in (parts.pool, parts.dev, parts.test):
        assert len(part) > CLASSES
        for n in range(CLASSES, len(part) + 1):
            counts = Counter(example.label for example in part[:n])
            assert len(counts) == CLASSES
            assert max(counts.values()) - min(counts.values()) <= 1


def test_labels_do_not_alternate() -> None:
    """Half of the rounds begin with either class, also where one has three times as many texts.

    About 200 rounds: a standard error of 0.035, so 0.12 is more than three.
    """
    parts = split_balanced([_example(f"text {i}", int(i % 4 == 0)) for i in range(2000)], 2)
    first = [example.label for example in parts.test[::2]]
    assert sum(first) / len(first) == pytest.approx(0.5, abs=0.12)


def test_shares_are_those_that_are_named() -> None:
    """Of 5,000 texts 40 % are test, 20 % dev, 40 % pool, to within four standard errors (under 3 points)."""
    parts = split_balanced([_example(f"text {i}") for i in range(5000)], 1)
    shares = [len(part) / 5000 for part in (parts.test, parts.dev, parts.pool)]
    assert shares == pytest.approx([0.4, 0.2, 0.4], abs=0.028)


def test_part_of_a_text_is_fixed_for_all_time() -> None:
    """Where sha256 puts three texts; another salt, hash or share would move what was published.

    With h = sha256 of {"text": "four"}, the first 12 hex digits of sha256 of "part:h" are 0.394 of 16^12:
    below 0.4, so test. For "five" they are 0.432 (dev, below 0.6), for "one" 0.610 (pool).
    """
    examples = [_example(text) for text in ("four", "five", "one")]
    place = _places(split_balanced(examples, 1))
    assert [place.get(example.content_hash) for example in examples] == ["test", "dev", "pool"]


def test_given_test_keeps_its_texts_and_others_lose_them() -> None:
    """A text of test that train and dev also hold is dropped from both; dev's are dropped from train."""
    train = [_example("in test"), _example("in dev", 1), _example("train 0"), _example("train 1", 1)]
    dev = [_example("in dev", 1), _example("In test", 1)]
    test = [_example("in test"), _example("test", 1)]
    parts = split_given(train, dev, test)
    assert _hashes(parts.test) == _hashes(tuple(test))
    assert _hashes(parts.dev) == {dev[0].content_hash}
    assert _hashes(parts.pool) == _hashes(tuple(train[2:]))


def test_dev_is_a_third_of_train() -> None:
    """Without dev, 3,000 texts of train give 1,000 to dev within four standard errors, and lose none."""
    parts = split_given([_example(f"t {i}", i % 2) for i in range(3000)], None, [_example("x"), _example("y", 1)])
    assert len(parts.dev) == pytest.approx(1000, abs=104)
    assert len(parts.dev) + len(parts.pool) == 3000
    assert _hashes(parts.dev).isdisjoint(_hashes(parts.pool))


def test_given_parts_keep_their_mix_and_are_ordered_by_hash() -> None:
    """Nine of ten stay nine of ten, and the order is that of the hashes."""
    parts = split_given([_example("a")], [], [_example(f"t {i}", int(i % 10 == 0)) for i in range(50)])
    assert Counter(example.label for example in parts.test) == {0: 45, 1: 5}
    hashes = [example.content_hash for example in parts.test]
    assert hashes == sorted(hashes)
