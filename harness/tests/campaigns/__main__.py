"""`python -m harness.tests.campaigns [NAME ...] --minutes M --seed S`: run campaigns at length, faults printed."""

import argparse
import sys
import time
from collections import Counter

from harness.tests.campaigns.all import CAMPAIGNS
from harness.tests.campaigns.campaign import Campaign, attempt


def _run(campaign: Campaign, minutes: float, seed: int) -> int:
    """Make tries of consecutive seeds until the time is over; print each fault and the sum, return the faults."""
    kinds, faults, until = Counter[str](), 0, time.monotonic() + 60 * minutes
    while time.monotonic() < until:
        answer = attempt(campaign, seed)
        kinds[answer.kind] += 1
        if answer.fault:
            faults += 1
            print(f"FAULT {campaign.name} seed {seed}: {answer.odd}: {answer.kind}\n{answer.said}", flush=True)  # noqa: T201
        seed += 1
    counts = ", ".join(f"{kind} {number}" for kind, number in kinds.most_common())
    print(f"{campaign.name}: {kinds.total()} tries ({counts})", flush=True)  # noqa: T201
    return faults


def main() -> int:
    """Run what the command line names; 0 where no try is a fault."""
    parser = argparse.ArgumentParser(prog="python -m harness.tests.campaigns", description="Random tries at length.")
    parser.add_argument("names", nargs="*", choices=[*CAMPAIGNS, []], help="all where none is named")
    parser.add_argument("--minutes", type=float, default=5.0, help="for each campaign")
    parser.add_argument("--seed", type=int, default=0, help="of the first try; those that follow count up")
    given = parser.parse_args()
    chosen = given.names or list(CAMPAIGNS)
    return 1 if sum(_run(CAMPAIGNS[name], given.minutes, given.seed) for name in chosen) else 0


if __name__ == "__main__":
    sys.exit(main())
