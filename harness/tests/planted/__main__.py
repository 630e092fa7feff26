"""`python -m harness.tests.planted [WORD]`: plant each error whose name, file or concern holds WORD, or all."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded: a child that is forked waits for lost threads

from harness.errors import HarnessError
from harness.tests.planted.campaign import run
from harness.tests.planted.errors import ERRORS
from harness.tests.planted.planted import Planted


def _chosen() -> list[Planted]:
    parser = argparse.ArgumentParser(prog="python -m harness.tests.planted", description="Plant errors one by one.")
    parser.add_argument("word", nargs="?", default="", help="only errors whose name, file or concern holds it")
    parser.add_argument("--one-a-file", action="store_true", help="only the first error of each file")
    given = parser.parse_args()
    chosen = [error for error in ERRORS if any(given.word in text for text in (error.name, error.file, error.concerns))]
    if given.one_a_file:
        chosen = list({error.file: error for error in reversed(chosen)}.values())
    if not chosen:
        parser.error(f"no planted error has '{given.word}' in its name, file or concern; leave it out for all")
    return chosen


def main(chosen: Sequence[Planted]) -> int:
    """Print a line an error and the sum; return 0 where all are caught."""
    words = Counter[str]()
    for error, found in run(chosen, at_once=os.cpu_count() or 1):
        words[found.word] += 1
        reason = found.crash or (f"by {found.failed}" if found.failed else f"exit code {found.code}")
        print(f"{found.word:<13} {found.seconds:4.1f} s  {error.file}: {error.name} ({reason})", flush=True)  # noqa: T201  # a command
    print(f"caught {words['caught']} / {len(chosen)} planted")  # noqa: T201  # the command's answer
    return 0 if words["caught"] == len(chosen) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(_chosen()))
    except HarnessError as error:
        sys.exit(str(error))
