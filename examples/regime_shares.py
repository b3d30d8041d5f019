"""How probable is each regime? A table of labels by setting, size and kind of time, from kept runs of size-of-chaos.

    python examples/regime_shares.py [FOLDER]

FOLDER holds kept data as in docs/reproduction/data. Shares of chaotic runs have their 95 % interval (Clopper–Pearson,
every run a draw of its own; runs of an input set share its inputs).
"""

import sys
from collections import Counter
from pathlib import Path

from scipy.stats import binomtest

from curldescent.paper import figure
from curldescent.paper.beyond.size_of_chaos import CHAOTIC, KINDS, REGULAR, name
from curldescent.paper.runs.kept import find

KEPT = Path(__file__).parents[1] / "docs" / "reproduction" / "data"
LABELS = ("chaotic", "transient chaos", "converged", "slow", "undecided")


def main() -> None:
    """Print the table."""
    folder = (Path(sys.argv[1]) if len(sys.argv) > 1 else KEPT) / "standard"
    experiments = figure("size-of-chaos").experiments("standard")
    print(f"| c, α_h | neurons | in | chaotic, share | {' | '.join(LABELS[1:])} |")
    print(f"|{'---|' * (4 + len(LABELS[1:]))}")
    for setting in CHAOTIC + REGULAR:
        for total in (70, 220, 700):
            for kind in KINDS:
                key = name(kind, total, setting)
                data = find(folder, key, experiments[key]) if key in experiments else None
                if data is None:
                    continue
                labels = Counter(data.label.values.astype(str).ravel())
                runs = sum(labels.values())
                share = binomtest(labels["chaotic"], runs).proportion_ci()
                others = " | ".join(str(labels.pop(label, 0)) for label in LABELS[1:])
                chaotic = labels.pop("chaotic", 0)
                assert not labels, f"labels that the table has no column for: {labels}"
                print(
                    f"| {setting[0]:g}, {setting[1]:g} | {total} | {kind} | {chaotic} of {runs}, "
                    f"[{share.low:.2f}, {share.high:.2f}] | {others} |"
                )


if __name__ == "__main__":
    main()
