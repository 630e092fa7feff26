"""A task.toml with something wrong."""

import random

from harness.tests.campaigns.task_files import BOM, Change, Files

TEMPLATES = (
    *("{text}", "", " {text} ", "{}", "{text", "text}", "{text!r}", "{text:>10000000000}", "{text:{text}}", "{text.a}"),
    *(
        "{text[0]}",
        "{label}",
        "{text} {label}",
        "{a b}",
        "{0}",
        "{{text}}",
        "{__class__}",
        "{text}" * 30,
        "{text} {other}",
    ),
    *("{text}" * 100_000, "{text} {" * 9000, "{text}\\u001b[31m", "{text}\\u0000", "{text}\\n:", "{text}\\u0301"),
    *("{text} " + "long " * 150_000, "{ﬁ}{text}", "{text}é", "{text}\\U0010ffff"),
)
MANY = [[f"{chr(65 + i % 26)}{i}" for i in range(number)] for number in (200, 900, 2000, 100_000)]
ANSWERS = (
    *(
        '["bad", "bad"]',
        '["bad", "Bad"]',
        '["bad"]',
        "[]",
        '["bad", ""]',
        '["bad", " good"]',
        '["bad", 1]',
        '"bad"',
        "{}",
    ),
    *('["\\u001b[31mRed", "\\u001b]0;title\\u0007Blue"]', '["\\u00e9", "e\\u0301"]', '["bad", "g\\u0000d"]'),
    *('["\\u202e", "x"]', '["\\ud800", "x"]', "1", *(str(words).replace("'", '"') for words in MANY)),
    *(f'["bad", "{"g" * number}"]' for number in (100, 5000, 900_000)),
)


def _odd_toml(rng: random.Random, files: Files) -> str:
    template, answer = 'template = "Input: {text} Type:"', 'answers = ["bad", "good"]'
    if rng.random() < 0.5:
        template = f'template = "{rng.choice(TEMPLATES)}"'
    if rng.random() < 0.5:
        answer = f"answers = {rng.choice(ANSWERS)}"
    files["task.toml"] = f"{template}\n{answer}\n".encode()
    return f"{template[:50]} {answer[:60]}"


def _odd_toml_form(rng: random.Random, files: Files) -> str:
    toml = files["task.toml"]
    number = rng.choice([65, 5000, 100_000])
    more: dict[str, bytes] = {
        "BOM": BOM + toml,
        "CRLF": toml.replace(b"\n", b"\r\n"),
        "UTF-16": toml.decode(errors="replace").encode("utf-16"),
        "NUL": toml + b"\x00",
        "bytes": toml + b'source = "\xff"',
        "empty": b"",
        "unknown key": toml + b"tempalte = 1\n",
        "twice": toml + toml,
        "types": toml + b"source = 1\nlicence = []\n",
        "brackets": toml + b"source = " + b"[" * number,
        "tables": toml + b"source = " + b"{a = " * number,
        "dots": toml + b"a." * number + b"a = 1",
        "header": toml + b"[" + b"a." * number + b"a]\n" + b"".join(b"k%d = 1\n" % i for i in range(number // 9)),
        "arrays": toml + b"[[a]]\n" * number,
        "keys": toml + b"".join(b"k%d = 1\n" % i for i in range(number)),
        "digits": toml + b"source = " + b"9" * number,
        "escapes": toml + b'source = "' + b"\\u001b" * number + b'"',
        "comment": toml + b"#" * 40 * number,
        "cut": toml[: rng.randint(0, len(toml))],
    }
    form = rng.choice(list(more))
    files["task.toml"] = more[form]
    return f"task.toml: {form} {number}"


IN_TOML: list[Change] = [_odd_toml, _odd_toml, _odd_toml_form]
"""What may be wrong with it."""
