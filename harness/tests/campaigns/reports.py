"""Random mutations of a report's JSON file, read as `python -m harness` reads it, drawn, and made an expectation of."""

import contextlib
import io
import json
import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from harness.errors import shown
from harness.report.json_form import to_json
from harness.tests.campaigns.campaign import Campaign
from harness.tests.report.made_up import make_document

VERDICTS = 2
"""Verdicts of the made-up run that a try keeps, so that its page is drawn in a second."""
PLANTED = "<img src=x onerror=steer()>"
"""Markup that no page may hold as such."""

NUMBERS = (
    *(0, -1, 1, 10**9, -(10**9), 2**63 - 1, 2**63, 10**40, int("1" * 400), -(10**400)),
    *(0.0, -0.0, 1e-320, 5e-324, 1e16, 1e30, 1e100, 1e300, -1e308, 1.7e308, 0.1, float("nan"), float("inf")),
)
TEXTS = (
    *("", " ", "NaN", "Infinity", PLANTED, "{{ 7 * 7 }}", "</style><script>", "'\"><b onload=x>", "]]>", "&#27;"),
    *(
        "\x00",
        "\x1b[31mred",
        "\x1b]0;title\x07",
        "\x9b31m",
        "\r\n",
        "\u202eabc",
        "\ud83d",
        "\udc00\ud800",
        "\U000e0041",
    ),
    *(
        "$\\frac{",
        "_x",
        "日本語",
        "é" * 300,
        "x" * 1_000_000,
        "a b " * 250_000,
        "-1 " * 100_000,
        "%s %d {0}",
        "..",
        "C1",
    ),
)
OTHERS: tuple[Any, ...] = (
    None,
    True,
    False,
    [],
    {},
    [None],
    [[]],
    {"": None},
    {"name": {}},
    "REFUTED",
    "NOT TESTABLE",
    "ERROR",
    "SUPPORTED",
)


def make(rng: random.Random, folder: Path) -> str:
    """Write a report with one to four mutations."""
    document = json.loads(_made_up())
    document["verdicts"] = rng.sample(document["verdicts"], VERDICTS)
    said = [rng.choice(MUTATIONS)(rng, document) for _ in range(rng.choice((1, 1, 2, 4)))]
    text = json.dumps(document)
    if rng.random() < 0.1:
        text, more = rng.choice(SPELLINGS)(rng, text)
        said.append(more)
    (folder / "claims.json").write_text(text, encoding="utf-8", errors="surrogatepass")
    return "; ".join(said)


@cache
def _made_up() -> str:
    """Return a report of every outcome: no run's, so that no rule of a run can leave one out."""
    return to_json(make_document())


def _places(value: Any, above: str = "report") -> Iterator[tuple[Any, Any, str]]:
    """Yield (container, key, its place in words) of everything in a document."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        where = f"{above}.{key}" if isinstance(value, dict) else f"{above}[{key}]"
        yield value, key, where
        yield from _places(value[key], where)


def _place(rng: random.Random, document: Any, fits: Callable[[Any], bool] = lambda _: True) -> tuple[Any, Any, str]:
    """Choose a place: first its kind, which is the place without its numbers, so that long lists have no more turns."""
    kinds: dict[str, list[tuple[Any, Any, str]]] = {}
    for place in _places(document):
        if fits(place[0][place[1]]):
            kinds.setdefault(re.sub(r"\[\d+\]", "[]", place[2]), []).append(place)
    return rng.choice(kinds[rng.choice(sorted(kinds))])


def _put(rng: random.Random, document: Any, value: Any, fits: Callable[[Any], bool] = lambda _: True) -> str:
    container, key, where = _place(rng, document, fits)
    container[key] = value
    return f"{where} = {value!r:.60}"


def _number(rng: random.Random, document: Any) -> str:
    return _put(rng, document, rng.choice(NUMBERS), lambda value: isinstance(value, int | float))


def _text(rng: random.Random, document: Any) -> str:
    return _put(rng, document, rng.choice(TEXTS), lambda value: isinstance(value, str))


def _anything(rng: random.Random, document: Any) -> str:
    return _put(rng, document, rng.choice((*NUMBERS, *TEXTS, *OTHERS)))


def _swap(rng: random.Random, document: Any) -> str:
    """Put what stands at one place at another."""
    container, key, where = _place(rng, document)
    value = json.loads(json.dumps(container[key]))
    return f"{where} at " + _put(rng, document, value)


def _length(rng: random.Random, document: Any) -> str:
    """Shorten, empty or lengthen a list."""
    container, key, where = _place(rng, document, lambda value: isinstance(value, list))
    items, times = container[key], rng.choice((0, 1, 2, 3))
    container[key] = items * times if times != 1 else items[: rng.randrange(len(items) + 1)]
    return f"{where} has {len(container[key])} items, not {len(items)}"


def _many(rng: random.Random, document: Any) -> str:
    """Make a list of thousands, of one value or one record."""
    container, key, where = _place(rng, document, lambda value: isinstance(value, list) and bool(value))
    items = container[key]
    number = rng.choice((5_000, 50_000)) if len(json.dumps(items[0])) < 50 else rng.choice((510, 1_010))
    container[key] = [items[0]] * number
    return f"{where} has {len(container[key])} items, not {len(items)}"


def _key(rng: random.Random, document: Any) -> str:
    """Take a key away, add one, or give it another name."""
    container, key, where = _place(rng, document, lambda value: isinstance(value, dict) and bool(value))
    mapping, change = container[key], rng.choice(("without", "with", "renamed"))
    name = rng.choice(sorted(mapping))
    value = mapping[name] if change == "with" else mapping.pop(name)
    if change != "without":
        mapping[rng.choice(TEXTS)] = value
    return f"{where} {change} {name}"


def _deep(rng: random.Random, document: Any) -> str:
    depth = rng.choice((10, 50, 70, 500))
    value: Any = rng.choice(TEXTS)
    for _ in range(depth):
        value = {rng.choice(("name", "k")): value} if rng.random() < 0.5 else [value]
    return f"{depth} deep: " + _put(rng, document, value)


def _wide(rng: random.Random, document: Any) -> str:
    """Put records that share no key, or lists of lists, among the facts."""
    number = rng.choice((100, 2_000))
    records = [{f"k{i}": i, "text": rng.choice(TEXTS[:20])} for i in range(number)]
    facts = document["facts"]
    places = [facts["settings"], facts["environment"], *(of["model"] for of in facts["models"].values())]
    rng.choice(places)["wide"] = rng.choice((records, [records] * 3))
    return f"{number} records that share no key"


def _cut(rng: random.Random, text: str) -> tuple[str, str]:
    end = rng.randrange(len(text))
    return text[:end], f"cut behind {end}"


def _doubled(rng: random.Random, text: str) -> tuple[str, str]:
    key = rng.choice(("outcome", "n", "verdicts", "format_version", "effect"))
    return text.replace(f'"{key}":', f'"{key}": 1, "{key}":', 1), f"'{key}' twice"


def _nested(rng: random.Random, text: str) -> tuple[str, str]:
    depth, bracket = rng.choice((1_000, 100_000)), rng.choice(("[", '{"a":'))
    return text.replace('"settings": {', f'"settings": {{"x": {bracket * depth}', 1), f"{depth} unclosed {bracket}"


def _stray(rng: random.Random, text: str) -> tuple[str, str]:
    at, character = rng.randrange(len(text)), chr(rng.choice((0, 9, 27, 34, 44, 91, 123, 0x202E, 0xD83D, 0x1F600)))
    return text[:at] + character + text[at:], f"{character!r} at {at}"


MUTATIONS = (_number, _number, _text, _text, _anything, _swap, _length, _many, _key, _deep, _wide)
SPELLINGS = (_cut, _doubled, _nested, _stray)


def answer(folder: Path) -> str:
    """Read the report, draw its page and make an expectation of it; neither may hold what steers or what is markup."""
    from harness.__main__ import expect, render  # noqa: PLC0415  # in the try's own process

    page, out = folder / "report.html", folder / "report-expected.json"
    render(folder / "claims.json", page)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        written = (page, out) if _expected(expect, folder, out) else (page,)
    if shown(said.getvalue()) != said.getvalue():
        raise AssertionError(f"said {said.getvalue()!r:.300}")
    for path in written:
        text = path.read_bytes().decode()  # strict: whatever was read, UTF-8 is written
        if shown(text) != text:
            raise AssertionError(f"{path.name} holds a control character")
        if re.search(r"<(img|script)\b|\sonerror=[^&]*>", text) and path == page:
            raise AssertionError("a text became markup")
    return "page and expectation"


def _expected(expect: Callable[..., None], folder: Path, out: Path) -> bool:
    """Write the expectation and read it again; False where the report holds an ERROR, which makes none."""
    from harness.errors import HarnessError  # noqa: PLC0415
    from harness.judging.expectation import read_expectation  # noqa: PLC0415

    try:
        expect(folder / "claims.json", None, out)
    except HarnessError as error:
        if "could not be judged" in str(error):
            return False
        raise
    read_expectation(out)
    return True


CAMPAIGN = Campaign(
    "reports",
    make,
    answer,
    ("harness.__main__", "harness.report.page", "harness.report.json_form", "harness.judging.expectation"),
)
