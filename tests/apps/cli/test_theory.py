"""`curldescent theory`: what it prints, what it writes, how it refuses."""

import json
import subprocess
import sys

import numpy as np
import pytest

import curldescent as cd
from curldescent.apps.cli import main


def run(capsys, *tokens):
    with pytest.raises(SystemExit) as left:
        main(["theory", *map(str, tokens)])
    captured = capsys.readouterr()
    return left.value.code, captured.out, captured.err


def as_json(capsys, *tokens):
    code, out, err = run(capsys, *tokens, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)["result"]


def test_critical_ratio(capsys):
    assert as_json(capsys, "critical-ratio", "--hidden", 1.0)["critical_ratio"] == [0.25]
    paired = as_json(capsys, "critical-ratio", "--hidden", 0.2, "--readout", 0.05, 0.1)
    assert paired["hidden"] == [0.2, 0.2]
    assert paired["critical_ratio"] == cd.theory.critical_ratio(hidden=0.2, readout=[0.05, 0.1]).tolist()
    code, out, _ = run(capsys, "critical-ratio", "--hidden", 1.0)
    assert code == 0
    assert "0.25" in out


def test_infinity_is_null(capsys):
    assert as_json(capsys, "critical-ratio", "--readout", 0.0)["critical_ratio"] == [None]


def test_critical_fraction(capsys, tmp_path):
    got = as_json(capsys, "critical-fraction", "readout", "--ratio", 0.5, 2, "--other", 0.1, "--out", tmp_path / "a/b")
    expected = cd.theory.critical_fraction([0.5, 2.0], "readout", other=0.1).tolist()
    assert got["critical_fraction"] == expected
    assert json.loads((tmp_path / "a/b/critical_fraction.json").read_text()) == got


def test_spectrum(capsys, tmp_path):
    got = as_json(
        capsys,
        "spectrum",
        "--ratio",
        4,
        "--hidden",
        "1:0.7,-0.5:0.3",
        "--sample",
        30,
        "--out",
        tmp_path,
        "--points",
        50,
    )
    law = cd.theory.Spectrum(4.0, {1: 0.7, -0.5: 0.3})
    assert got["lambda_min"] == law.lambda_min
    assert got["edges"] == law.edges.tolist()
    assert [a["weight"] for a in got["atoms"]] == law.atoms[:, 1].tolist()
    assert got["sample"] == law.sample(30, 0).tolist()
    np.testing.assert_array_equal(law.density(got["density"]["x"]), got["density"]["density"])
    assert len(got["density"]["x"]) == 50 * len(law.edges)
    assert {p.name for p in tmp_path.iterdir()} == {"spectrum.json", "spectrum.png", "spectrum.pdf"}
    code, out, _ = run(capsys, "spectrum", "--ratio", 0.5, "--readout", 0.3)
    assert code == 0
    assert "unstable" in out


@pytest.mark.parametrize("quantity", ["stable", "lambda_min"])
def test_phase_diagram(capsys, tmp_path, quantity):
    got = as_json(
        capsys, "phase-diagram", "joint", "--ratio", 0.2, "--resolution", 12, "--quantity", quantity, "--out", tmp_path
    )
    diagram = cd.theory.phase_diagram("joint", resolution=12, ratio=0.2, quantity=quantity)
    assert got["values"] == diagram.values.tolist()
    assert got["coords"]["critical_fraction"] == diagram.critical_fraction.values.tolist()
    assert {p.suffix for p in tmp_path.iterdir()} == {".json", ".png", ".pdf"}
    code, out, _ = run(capsys, "phase-diagram", "hidden", "--resolution", 10)
    assert code == 0
    assert "10 x 10" in out


KERNEL = ("--activation", "tanh", "--samples-per-input", 2.5, "--scale", 2)
STUDENT = {"activation": "tanh", "samples_per_input": 2.5, "scale": 2.0}
USED = {**STUDENT, "rho": 4 / 3, "sigma2": 4 / 3, "input_variance": 0.5}


def of_students(got):
    return {name: got[name] for name in USED}


def test_nonlinear_students_lose_stability_where_the_library_says(capsys):
    got = as_json(capsys, "critical-ratio", "--readout", 0.1, *KERNEL)
    assert got["critical_ratio"] == [cd.theory.critical_ratio(readout=0.1, **STUDENT)]
    assert of_students(got) == USED
    # An option that did nothing would leave these.
    assert got["critical_ratio"] != as_json(capsys, "critical-ratio", "--readout", 0.1, *KERNEL[:4])["critical_ratio"]
    assert got["critical_ratio"] != as_json(capsys, "critical-ratio", "--readout", 0.1)["critical_ratio"]
    fraction = as_json(capsys, "critical-fraction", "readout", "--ratio", 0.3, *KERNEL)
    assert fraction["critical_fraction"] == [cd.theory.critical_fraction([0.3], "readout", **STUDENT)[0]]
    assert of_students(fraction) == USED


def test_linear_students_have_two_scales_and_no_more(capsys):
    got = as_json(capsys, "critical-ratio", "--hidden", 1.0)
    assert got == {"hidden": [1.0], "critical_ratio": [0.25], "rho": 1.0, "sigma2": 1.0}
    few = as_json(capsys, "critical-ratio", "--readout", 0.3, "--samples-per-input", 0.5)
    assert few["critical_ratio"] == [cd.theory.critical_ratio(readout=0.3, samples_per_input=0.5)]
    assert (few["activation"], few["samples_per_input"]) == ("linear", 0.5)


@pytest.mark.parametrize("quantity", ["stable", "lambda_min"])
def test_phase_diagram_of_nonlinear_students(capsys, tmp_path, quantity):
    tokens = ("phase-diagram", "readout", "--resolution", 12, "--quantity", quantity, *KERNEL)
    got = as_json(capsys, *tokens, "--out", tmp_path)
    diagram = cd.theory.phase_diagram("readout", resolution=12, quantity=quantity, **STUDENT)
    assert got["values"] == [[None if np.isinf(v) else v for v in row] for row in diagram.values.tolist()]
    assert of_students(got) == USED
    assert {p.suffix for p in tmp_path.iterdir()} == {".json", ".png", ".pdf"}


def test_spectrum_of_nonlinear_students(capsys, tmp_path):
    tokens = ("spectrum", "--ratio", 0.5, "--readout", 0.2, "--activation", "relu", "--samples-per-input", 2.5)
    got = as_json(capsys, *tokens, "--sample", 20, "--points", 30, "--out", tmp_path)
    law = cd.theory.KernelSpectrum(0.5, readout=0.2, activation="relu", samples_per_input=2.5)
    assert got["lambda_min"] == law.lambda_min
    assert got["outliers"] == [None if np.isinf(value) else value for value in law.outliers.tolist()]
    assert len(got["outliers"]) > 0
    assert got["edges"] == law.edges.tolist()
    assert got["sample"] == law.sample(20, 0).tolist()
    np.testing.assert_array_equal(law.density(got["density"]["x"]), got["density"]["density"])
    assert {p.name for p in tmp_path.iterdir()} == {"spectrum.json", "spectrum.png", "spectrum.pdf"}
    code, out, _ = run(capsys, *tokens)
    assert code == 0
    assert "outlier" in out
    assert "P·G/M" in out


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        (["critical-ratio"], "got neither"),
        (["critical-ratio", "--hidden", "2"], "hidden must be a fraction between 0 and 1, got 2"),
        (["critical-fraction", "hiden", "--ratio", "1"], "did you mean 'hidden'"),
        (["critical-fraction", "hidden", "--ratio", "0"], "ratio must be positive, got 0"),
        (["spectrum", "--ratio", "much"], 'unable to convert "much" into float'),
        (["spectrum", "--ratio", "1", "--readout", "1:0.5,-1"], "--readout must be a fraction, or pairs"),
        (["spectrum", "--ratio", "1", "--readout", "1:0.5,-1:0.1"], "must sum to 1, got 0.6"),
        (["spectrum", "--ratio", "1", "--sample", "0"], "n_inputs must be a whole number at least 1, got 0"),
        (["spectrum"], "--ratio"),
        (["phase-diagram", "joint"], "needs ratio"),
        (["critical-ratio", "--hidden", "1", "--activation", "tahn"], "did you mean 'tanh'"),
        (["critical-ratio", "--hidden", "1", "--activation", "tanh"], "samples_per_input must be given"),
        (["critical-ratio", "--hidden", "1", "--scale", "2"], "scale belongs to nonlinear students"),
        (["critical-fraction", "hidden", "--ratio", "1", "--activation", "relu"], "samples_per_input must be given"),
        (["phase-diagram", "hidden", *map(str, KERNEL[:4]), "--scale", "0"], "scale must be a positive number, got 0"),
        (
            ["phase-diagram", "hidden", "--samples-per-input", "-1"],
            "samples_per_input must be a positive number, got -1",
        ),
        (["spectrum", "--ratio", "1", "--activation", "tanh"], "samples_per_input must be given"),
        (["spectrum", "--ratio", "0", *map(str, KERNEL)], "ratio must be a positive number, got 0"),
        (["spectrum", "--ratio", "1", "--scale", "2"], "scale belongs to nonlinear students"),
        (["phase-diagram", "hidden", "--resolution", "1"], "resolution must be a whole number at least 2, got 1"),
    ],
)
def test_bad_input_is_one_line_and_two(capsys, tokens, sentence):
    code, out, err = run(capsys, *tokens)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_file_in_the_way(capsys, tmp_path):
    (tmp_path / "taken").write_text("")
    code, _, err = run(capsys, "critical-ratio", "--hidden", 1.0, "--out", tmp_path / "taken")
    assert code == 2
    assert "file in the way" in err


def test_numbers_come_without_heavy_imports():
    code = (
        "import sys\nfrom curldescent.apps.cli import main\n"
        "try:\n    main(['theory', 'critical-ratio', '--hidden', '1', '--json'])\n"
        "except SystemExit:\n    print(sorted({'jax', 'xarray', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.rstrip().endswith("[]")


@pytest.mark.parametrize("command", ["critical-ratio", "critical-fraction", "spectrum", "phase-diagram"])
def test_help_shows_examples_that_run(capsys, command):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert f"curldescent theory {command}" in " ".join(out.split())
