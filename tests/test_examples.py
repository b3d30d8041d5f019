"""The examples run as a user would run them."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize(
    "name",
    [
        "your_own_network.py",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("two_weights.py", "saddle_passing.py")),
    ],
)
def test_example_runs(name, tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name)], capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_readmes_blocks_print_what_it_says(tmp_path):
    text = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    first, *others = (block.split("```")[0] for block in text.split("```python\n")[1:])
    assert len(first.splitlines()) <= 12
    done = subprocess.run([sys.executable, "-c", first], capture_output=True, text=True, cwd=tmp_path, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout == text.split("prints, in a few")[1].split("```\n")[1]
    assert others
    for block in others:
        done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, cwd=tmp_path, timeout=600)
        assert done.returncode == 0, done.stderr
        for line in done.stdout.splitlines():
            assert f'"{line}"' in text, line


def test_shares_of_regimes_are_those_of_the_page():
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "regime_shares.py")], capture_output=True, text=True, timeout=300, check=True
    )
    page = (EXAMPLES.parent / "docs" / "chaos.md").read_text(encoding="utf-8")
    assert done.stdout.count("\n") > 20
    assert done.stdout in page
