"""A writer killed in the middle of writing leaves whole files, or none."""

import hashlib
import random
import subprocess
import sys
import time

import pytest

from curldescent.foundation import durable

# Writes files whose content follows from their name, as fast as it can, and says which are written.
WRITER = """
import hashlib, sys
from pathlib import Path
from curldescent.foundation import durable
folder, first = Path(sys.argv[1]), int(sys.argv[2])
for number in range(first, first + 100_000):
    durable.write(folder / f"{number}.bin", hashlib.sha256(str(number).encode()).digest() * 20_000)
    print(number, flush=True)
"""


def killed_writers(folder, kills):
    """Kill a writer that does nothing but write; returns (files, temporaries seen)."""
    rng, temporaries, acknowledged = random.Random(kills), 0, 0
    for kill in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), str(kill * 100_000)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.uniform(0, 0.02))
            process.kill()
            said = [kill * 100_000, *map(int, process.stdout.read().split("\n")[:-1])]
        acknowledged += len(said)
        for number in said:
            assert (folder / f"{number}.bin").exists()
        strays = list(folder.glob(".tmp-*"))
        temporaries += len(strays)
        for path in folder.glob("*.bin"):
            assert path.read_bytes() == hashlib.sha256(path.stem.encode()).digest() * 20_000
            path.unlink()
        for path in strays:
            path.unlink()
    return acknowledged, temporaries


def test_5_killed_writers_tear_nothing(tmp_path):
    killed_writers(tmp_path, 5)


@pytest.mark.slow
def test_80_killed_writers_tear_nothing(tmp_path):
    acknowledged, temporaries = killed_writers(tmp_path, 80)
    # The kills did fall into writing: had they all missed it, nothing was shown.
    assert temporaries >= 20
    print(f"80 kills, {acknowledged} files, {temporaries} cut short")


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="directory"):
        durable.write(tmp_path / "taken", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
