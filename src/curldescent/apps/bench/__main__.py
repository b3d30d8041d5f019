"""Measure and print JSON on stdout, progress on stderr; ``curldescent bench`` is the comfortable way in."""

import argparse
import json
import sys

from curldescent.apps.bench.settings import SETTINGS
from curldescent.apps.bench.table import measure


def main() -> None:
    """Parse the two numbers, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m curldescent.apps.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sample", type=float, default=0.05)
    options = parser.parse_args()

    def tell(done: int) -> None:
        print(f"{done} of {len(SETTINGS)} settings measured", file=sys.stderr, flush=True)

    print(json.dumps(measure(rounds=options.rounds, sample=options.sample, tell=tell)))


if __name__ == "__main__":
    main()
