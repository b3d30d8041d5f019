"""The JAX engine shares trials out over devices, says so, and computes the same."""

import os
import subprocess
import sys

import numpy as np
import pytest

import curldescent as cd
from tests.conftest import random_problem

SCRIPT = """
import sys
import numpy as np
import curldescent as cd
from tests.conftest import random_problem

for trials in (4, 3):
    history = cd.train(
        random_problem(3, trials=trials), [cd.Plasticity(), cd.Plasticity(readout=0.4, feedback="random")],
        epochs=12, batch_size=5, preserve_norms=True, engine="jax", stop_below=0.05,
    )
    print(history.attrs["device"])
    np.save(f"{sys.argv[1]}/{trials}.npy", np.concatenate([history.train_error, history.test_error]))
"""


@pytest.mark.slow
def test_two_devices_take_half_of_the_trials_each(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env={
            **os.environ,
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "JAX_PLATFORMS": "cpu",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    # Three trials cannot be shared evenly by two devices, so one takes them all.
    assert ran.stdout.splitlines() == ["2 × cpu through JAX", "1 × cpu through JAX"]
    for trials in (4, 3):
        history = cd.train(
            random_problem(3, trials=trials),
            [cd.Plasticity(), cd.Plasticity(readout=0.4, feedback="random")],
            epochs=12,
            batch_size=5,
            preserve_norms=True,
            engine="jax",
            stop_below=0.05,
        )
        here = np.concatenate([history.train_error, history.test_error])
        np.testing.assert_allclose(np.load(tmp_path / f"{trials}.npy"), here, rtol=1e-11, atol=1e-14)
