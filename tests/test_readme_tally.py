"""The README's tally is that of the report."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_readme_says_what_the_report_says() -> None:
    report = (ROOT / "docs" / "reproduction" / "README.md").read_text(encoding="utf-8")
    tally = re.search(r"from the runs of `curldescent reproduce`: (.*)\.$", report, flags=re.M)
    assert tally is not None
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert tally[1] in readme
