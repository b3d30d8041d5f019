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


def test_the_readmes_lines_run(tmp_path):
    pytest.importorskip("sklearn")
    text = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    assert 10 <= len(code.splitlines()) <= 12
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "0.309" in done.stdout  # the critical ratio at half the inputs flipped
