"""The files of a task: sound ones, and rows of JSON with something wrong."""

import json
import random
from collections.abc import Callable

Files = dict[str, bytes]
"""What the folder holds, by name."""
Change = Callable[[random.Random, Files], str]
"""Makes something wrong, and returns in words what."""

WORDS = ("fine", "dull", "film", "plot", "a", "the", "Zoë", "ужас", "感", "😀", "well-made", "<s>", "{text}")
TOML = 'template = "Input: {text} Type:"\nanswers = ["bad", "good"]\n'
PARTS = ("train.jsonl", "dev.jsonl", "test.jsonl")
MARKS, BOM = "\u0301\u0316", b"\xef\xbb\xbf"

TEXTS: tuple[str, ...] = (
    *(
        "",
        " ",
        "\t\u00a0\n",
        "\x00",
        "a\x00b",
        "\x1b[31mred",
        "\u202eabc",
        "\ufeff",
        "\ud83d",
        "a \udc00 b",
        "\udc00\ud83d",
    ),
    *("e" + MARKS * 10, "e" + MARKS * 400_000, "x" * 10_000, "word " * 100_000, "y" * 900_000, "é" * 500_000),
    *("{text}", "{0}", "%s", "\u2028", "\U0010ffff", "ﬁ" * 1000, "ß" * 1000, "\u1fb7", "=1" * 400_000, "A" * 2_000_000),
)
VALUES: tuple[object, ...] = (
    *(None, True, 0, 1, -1, 2, 1.0, 0.5, 1e300, 10**30, [], {}, [[]], {"text": "a"}, ["a"], "0", "bad", "good", "null"),
)
RAW: tuple[str, ...] = (
    *("NaN", "Infinity", "1e999", "-0", "00", "9" * 4000, "9" * 5000, "tru", "'a'", '"\\u12"', '"\\x"', "", "{"),
    *('{"a":' * 90_000, "[" * 70 + "]" * 70, "[" * 60 + "]" * 60, '"\ttab"', '"a" "b"', "1" + "0" * 100),
    *("[" * 100_000, "[" + "1," * 100_000),
)
"""What stands where a value belongs, and is in part no JSON."""


def sound_files(rng: random.Random) -> Files:
    """Return a task that can be used."""
    files = {"task.toml": TOML.encode()}
    for part, number in zip(PARTS, (30, 12, 12), strict=True):
        if part != "dev.jsonl" or rng.random() < 0.5:  # half of them bring one
            texts = [f"{part} {i} {' '.join(rng.choices(WORDS, k=4))}" for i in range(number)]
            rows = [json.dumps({"text": text, "label": i % 2}) for i, text in enumerate(texts)]
            files[part] = "".join(f"{row}\n" for row in rows).encode()
    return files


def _change_lines(rng: random.Random, files: Files, change: Callable[[bytes], bytes]) -> str:
    """Change one line of a part, some, or all; a changed line may be several."""
    name = rng.choice([part for part in PARTS if part in files])
    lines = files[name].split(b"\n")
    chosen = set(rng.sample(range(len(lines)), min(len(lines), rng.choice([1, 1, 1, 5, 1000]))))
    files[name] = b"\n".join(change(line) if i in chosen else line for i, line in enumerate(lines))
    return f"{len(chosen)} lines of {name}"


def _row(text: object, label: object) -> bytes:
    return json.dumps({"text": text, "label": label}).encode()


def _odd_text(rng: random.Random, files: Files) -> str:
    text, ascii_only = rng.choice(TEXTS), rng.random() < 0.5
    written = json.dumps({"text": text, "label": 0}, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    return f"{_change_lines(rng, files, lambda _: written)}: text {text[:8]!r} of {len(text)}"


def _odd_value(rng: random.Random, files: Files) -> str:
    field, value = rng.choice(["text", "label"]), rng.choice([*VALUES, *TEXTS])
    row = json.dumps({"text": "a film", "label": 0} | {field: value}).encode()
    return f"{_change_lines(rng, files, lambda _: row)}: {field} is {str(value)[:20]!r}"


def _raw_value(rng: random.Random, files: Files) -> str:
    raw, place = (
        rng.choice(RAW),
        rng.choice(['{"text": %, "label": 0}', '{"text": "a", "label": %}', "%", "[%]", '{"x": %}']),
    )
    line = place.replace("%", raw).encode()
    return f"{_change_lines(rng, files, lambda _: line)}: {place} with {raw[:12]} of {len(raw)}"


def _odd_fields(rng: random.Random, files: Files) -> str:
    row: dict[str, object] = rng.choice(
        [
            {"label": 0},
            {"text": "a"},
            {},
            {"Text": "a", "label": 0},
            {"text": "a", "label": 0, "\x1b[31m": 1, "\ud800": 2},
            {f"field{i}": i for i in range(20_000)},
            {"x" * 100_000: 1, "label": 0},
            {"text": "a", "label": 0, "more": {"text": "b"}},
        ]
    )
    line = json.dumps(row).encode()
    return f"{_change_lines(rng, files, lambda _: line)}: fields {str(list(row))[:40]!r}"


def _odd_bytes(rng: random.Random, files: Files) -> str:
    odd = rng.choice(
        [b"\xff\xfe", b"\x00", b"\xc0\x80", b"\xed\xa0\x80", BOM, b"\r", b"\r\n", b"\n" * 1000, b" " * 5000, b"\x1b[2J"]
    )

    def change(line: bytes) -> bytes:
        at = rng.randint(0, len(line))
        return line[:at] + odd + line[at:]

    return f"{_change_lines(rng, files, change)}: bytes {odd[:6]!r}"


def _long_line(rng: random.Random, files: Files) -> str:
    size = rng.choice([90_000, 1 << 20, (1 << 20) + 1, 5_000_000, 50_000_000])
    piece = rng.choice([b"word ", b"x", b" ", b"[", b'{"', "é".encode(), b"\xff", b"\\n"])
    line = rng.choice([b'{"text": "%s", "label": 0}', b"%s"]).replace(b"%s", piece * (size // len(piece)))
    name = rng.choice([part for part in PARTS if part in files])
    files[name] = rng.choice([files[name] + line, line + b"\n" + files[name], line])
    return f"a line of {size} bytes of {piece!r} in {name}"


def _whole_file(rng: random.Random, files: Files) -> str:
    name = rng.choice([part for part in PARTS if part in files])
    whole = files[name]
    ways: dict[str, Callable[[], bytes]] = {
        "empty": lambda: b"",
        "BOM": lambda: BOM + whole,
        "two BOMs": lambda: BOM + BOM + whole,
        "CRLF": lambda: whole.replace(b"\n", b"\r\n"),
        "CR": lambda: whole.replace(b"\n", b"\r"),
        "UTF-16": lambda: whole.decode(errors="replace").encode("utf-16"),
        "UTF-32": lambda: whole.decode(errors="replace").encode("utf-32"),
        "Latin 1": lambda: _row("a", 0).replace(b'"a"', b'"\xe9"') + b"\n" + whole,
        "a list": lambda: b"[" + whole.strip().replace(b"\n", b",\n") + b"]",
        "no end": lambda: whole[: rng.randint(0, len(whole))],
        "one class": lambda: whole.replace(b'"label": 1', b'"label": 0'),
        "copies": lambda: whole * 3,
        "contradictions": lambda: (
            whole + whole.replace(b'"label": 1', b'"label": 2').replace(b'"label": 0', b'"label": 1')
        ),
        "other case": lambda: whole + whole.replace(b"film", b"FILM"),
        "train": lambda: files["train.jsonl"],
        "test": lambda: files["test.jsonl"],
        "gzip": lambda: b"\x1f\x8b\x08" + whole,
        "two hundred thousand bad rows": lambda: b"x\n" * 200_000,
        "a million blank lines": lambda: b"\n" * 1_000_000 + whole,
        "twenty thousand rows": lambda: b"".join(_row(f"row {i}", i % 2) + b"\n" for i in range(20_000)),
        "csv": lambda: b"text,label\na film,0\n",
    }
    way = rng.choice(list(ways))
    files[name] = ways[way]()
    return f"{name}: {way}"


IN_ROWS: list[Change] = [_odd_text, _odd_text, _odd_value, _raw_value, _odd_fields, _odd_bytes, _long_line]
IN_ROWS += [_whole_file, _whole_file]
"""What may be wrong with a part."""
