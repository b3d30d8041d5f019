"""States, links, scripts, live runs and tables, without a browser."""

import dataclasses
import runpy
import types
from urllib.parse import parse_qsl

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

import curldescent as cd
from curldescent.apps.explorer.flow_lines import conserved, follow, solutions
from curldescent.apps.explorer.heat import Opened, Scale, coloured
from curldescent.apps.explorer.live import LambdaMin, LiveRun
from curldescent.apps.explorer.stores import find_store, list_stores
from curldescent.apps.explorer.surface import Camera, faces
from curldescent.apps.explorer.table import MAX_BYTES, MAX_COLUMNS, MAX_ROWS, read_upload
from curldescent.apps.explorer.views import learn, phase, sweep_browser, two_weights, your_data
from curldescent.apps.explorer.views.learn import LearnState, problem_of
from curldescent.apps.explorer.views.phase import PhaseState, boundary, density_curve, sampled
from curldescent.apps.explorer.views.rule import RuleState
from curldescent.apps.explorer.views.sweep_browser import SweepState
from curldescent.apps.explorer.views.two_weights import TwoWeightsState
from curldescent.apps.explorer.views.your_data import DataState
from tests.sweeps.conftest import fill, small

STATES = [
    PhaseState(0.123456, 0.25, 0.75, 55, 3),
    LearnState(2.0, 0.1, 0.2, 60, "tanh", "teacher", "free", 0.05, 7),
    TwoWeightsState(0.5, -1.0, 0.3, "1,2;-0.5,0.25", 40),
    TwoWeightsState().with_points(()),
    DataState(5, 0.5, 0.25, "relu", 0.3, 2, "drop"),
    SweepState("a/b", "final_test_error", "ratio", "hidden", "rule:1", "ratio:0;hidden:2", "linear"),
    RuleState(3, 2, "relu", "0.5", "-1, 0.25", "typed", "1; -1", "input 3 → hidden 2", "hidden 1 → output", -1.0, 0.5),
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: type(state).__name__)
def test_a_link_holds_the_whole_state(state):
    assert type(state).from_query(dict(parse_qsl(state.to_query()))) == (state, "")


REFUSED = {
    "text": (PhaseState, {"ratio": "many"}, "ratio must be a number between 0.01 and 10, got 'many'"),
    "nan": (PhaseState, {"ratio": "nan"}, "ratio must be a number"),
    "infinite": (PhaseState, {"hidden": "1e400"}, "hidden must be a number between 0 and 1"),
    "fraction for a size": (PhaseState, {"inputs": "20.5"}, "inputs must be a whole number between 10 and 300"),
    "too large": (LearnState, {"neurons": "100000"}, "neurons must be a whole number"),
    "unknown choice": (LearnState, {"activation": "__import__('os')"}, "activation must be one of linear, tanh, relu"),
    "a point outside": (TwoWeightsState, {"starts": "9,9"}, "starts must be at most 12 pairs"),
    "too many points": (TwoWeightsState, {"starts": ";".join(["1,1"] * 13)}, "starts must be at most 12 pairs"),
    "no pair": (TwoWeightsState, {"starts": "1,2,3"}, "starts must be at most 12 pairs"),
    "control characters": (SweepState, {"store": "a\nb"}, "store must be printable text"),
    "long": (SweepState, {"store": "x" * 1000}, "store must be printable text of at most 200"),
}


@pytest.mark.parametrize(("kind", "query", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_named_and_replaced(kind, query, sentence):
    state, complaint = kind.from_query(query)
    assert state == kind()
    assert sentence in complaint
    assert complaint.endswith("the default is shown.")
    assert len(complaint) < 250


def test_changes_stay_in_range():
    assert PhaseState().changed(ratio=1e9, hidden=-1.0, inputs=10.7) == PhaseState(ratio=10.0, hidden=0.0, inputs=10)


@pytest.fixture
def run_script(tmp_path, monkeypatch, capsys):
    """Runs a script as a file in a folder of its own; what it printed."""
    mpl.use("agg")
    monkeypatch.chdir(tmp_path)

    def run(script):
        (tmp_path / "script.py").write_text(script)
        runpy.run_path(str(tmp_path / "script.py"))
        plt.close("all")
        return capsys.readouterr().out

    return run


def test_the_phase_script_prints_what_the_view_says(tmp_path, run_script):
    state = PhaseState(0.3, 0.5, 0.1, 30, 4)
    printed = run_script(phase.script(state))
    assert str(cd.theory.Spectrum(0.3, 0.5, 0.1).lambda_min) in printed
    assert str(sampled(state)["lambda_min"]) in printed
    assert (tmp_path / "phase.png").stat().st_size > 1000


def test_the_two_weights_script_ends_where_the_view_ends(run_script):
    state = TwoWeightsState(1.0, 1.0, -1.0, "1.9,1.2;0.5,0.5")
    followed = [follow(cd.TwoWeights(1.0, 1.0, -1.0), point) for point in state.points]
    printed = run_script(two_weights.script(state, [time for _, time in followed]))
    last = [line.split("[")[1].split("]")[0].split() for line in printed.splitlines()]
    np.testing.assert_allclose(np.array(last, float), [path[:, -1] for path, _ in followed], atol=1e-6)


def frames_of(run, count):
    """The frames once there are so many, however slow the machine is."""
    assert len(run.wait_for_frames(count)) >= count, run.status
    frames, _ = run.take()
    return frames


@pytest.mark.parametrize("state", [LearnState(0.6, 0.5, 0.0, 20), LearnState(1.0, 0.0, 0.5, 16, "tanh", "teacher")])
def test_a_live_run_is_train_to_the_last_bit(state):
    rules = {"GD": cd.Plasticity(), "CD": cd.Plasticity(hidden=state.hidden, readout=state.readout)}
    problem = problem_of(state)
    run = LiveRun(problem, rules, learning_rate=state.rate, preserve_norms=True, seed=state.seed, stride=5)
    frames = frames_of(run, 9)
    run.stop()
    epochs = [frame.epoch for frame in frames[:9]]
    assert epochs == list(range(0, 45, 5))
    history = cd.train(
        problem, rules, epochs=40, learning_rate=state.rate, preserve_norms=True, record=epochs, seed=state.seed
    )
    errors = np.array([frame.error for frame in frames[:9]]).T
    np.testing.assert_allclose(errors, history.train_error[:, 0], rtol=1e-9, atol=1e-30)


def test_the_learn_script_ends_at_the_live_runs_error(run_script):
    state = LearnState(0.6, 0.5, 0.0, 20)
    run = LiveRun(
        problem_of(state),
        {"GD": cd.Plasticity(), "CD": cd.Plasticity(hidden=0.5)},
        learning_rate=state.rate,
        preserve_norms=True,
        stride=30,
        paused=True,
    )
    run.step()
    frame = frames_of(run, 2)[-1]
    run.stop()
    printed = run_script(learn.script(state, frame.epoch))
    assert f"{frame.error[1]:.6f}"[:8] in printed.replace("\n", " ")


def test_a_live_run_waits_stops_and_steps():
    problem = cd.student_teacher(n_inputs=5, n_hidden=8, n_train=20)
    run = LiveRun(problem, {"GD": cd.Plasticity()}, paused=True)
    assert [frame.epoch for frame in frames_of(run, 1)] == [0]
    run.step()
    assert [frame.epoch for frame in frames_of(run, 1)] == [1]
    run.stride = 3
    run.step()
    assert [frame.epoch for frame in frames_of(run, 1)] == [4]
    run.resume()
    assert len(frames_of(run, 5)) >= 5
    run.stop()
    run._thread.join()
    assert not run.alive
    assert run.take() == ([], [])


def test_a_live_run_says_how_it_ended():
    problem = cd.student_teacher(n_inputs=3, n_hidden=30, n_train=20)
    learned = LiveRun(problem, {"GD": cd.Plasticity()}, learning_rate=1.0, stride=500)
    learned._thread.join()
    assert learned.status == "learned"
    exploding = LiveRun(problem, {"up": cd.Plasticity(readout=1.0, hidden=1.0)}, learning_rate=2.0, stride=500)
    exploding._thread.join()
    assert exploding.status == "diverged"


def test_lambda_min_of_linear_students_is_the_kernels_sign_and_the_definition():
    problem = cd.student_teacher(n_inputs=6, n_hidden=9, n_train=50, seed=1)
    w1, w2 = problem.student.hidden[0], problem.student.readout[0]
    rule = cd.Plasticity(hidden=0.5, readout=0.3)
    d1 = np.where(np.arange(6) < 3, -1.0, 1.0)
    d2 = np.where(np.arange(9) < 2, -1.0, 1.0)
    expected = np.linalg.eigvalsh((w2**2).sum() * np.diag(d1) + w1.T @ np.diag(d2) @ w1)[0]
    assert LambdaMin(problem, rule, preserve_norms=False)(w1, w2) == pytest.approx(expected)


@pytest.mark.parametrize("norms", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_lambda_min_of_nonlinear_students_is_stabilitys(norms):
    problem = cd.student_teacher(n_inputs=5, n_hidden=8, n_train=30, activation="tanh", seed=2)
    other = cd.student_teacher(n_inputs=5, n_hidden=8, n_train=30, activation="tanh", seed=3).student
    rule = cd.Plasticity(readout=0.5)
    measure = LambdaMin(problem, rule, preserve_norms=norms)
    for student in (problem.student, other):
        there = dataclasses.replace(problem, student=student)
        expected = cd.analysis.stability(there, rule, preserve_norms=norms).lambda_min[0]
        assert measure(student.hidden[0], student.readout[0]) == pytest.approx(expected)


TABLES = {
    "empty": (b"", "cannot be read as CSV"),
    "too large": (b"x,y\n" + b"1,2\n" * (MAX_BYTES // 4 + 1), "at most 4 MB"),
    "too many rows": (b"x,y\n" + b"1,2\n" * (MAX_ROWS + 1), f"at most {MAX_ROWS} rows"),
    "too many columns": (b",".join(b"c%d" % k for k in range(MAX_COLUMNS + 1)) + b"\n", f"at most {MAX_COLUMNS}"),
    "ragged": (b"x,y\n1,2\n1,2,3,4\n", "cannot be read as CSV"),
    "few rows": (b"x,y\n1,2\n", "at least 10 rows, got 1"),
    "pickle": (b"\x80\x04\x95" + b"\x00" * 10, "got binary data"),
    "wrong encoding": (b"x,y\n\xff\x81,2\n", "cannot be read as CSV: byte ff is no text in UTF-8"),
    "names that are equal": (b",".join([b"x"] * 60_000) + b"\n", f"at most {MAX_COLUMNS} columns, got 60000"),
    "two equal names": (b"x,y,x\n" + b"1,2,3\n" * 12, "2 are called 'x'"),
    "a long name": (b"x" * 100_000 + b",y\n" + b"1,2\n" * 12, "at most 200 characters, got 100000"),
    "one column": (b"name\n" + b"a\n" * 12, "at least two columns, got 1"),
}


@pytest.mark.parametrize(("content", "sentence"), TABLES.values(), ids=TABLES)
def test_unusable_tables_are_one_sentence(content, sentence):
    with pytest.raises(cd.InputError, match=sentence) as refused:
        read_upload(content)
    assert len(str(refused.value)) < 300
    assert "\n" not in str(refused.value)


def test_the_explorer_reads_tables_as_from_data_does(tmp_path):
    """Whatever stands in the table, both take the same numbers or refuse it with the same words."""
    rows = range(12)
    tables = {
        "separators behind rows": "speed,a,b\n" + "".join(f"{k % 5},{k},{k * k},\n" for k in rows),
        "an index": ",speed,a\n" + "".join(f"{k},{k % 5},{k * k}\n" for k in rows),
        "semicolons": "speed;a\n" + "".join(f"{k % 5};{k}\n" for k in rows),
        "text": "name,speed,a\n" + "".join(f"n{k},{k % 5},{k}\n" for k in rows),
        "a hole": "speed,a,b\n,1,1\n" + "".join(f"{k % 5},{k},1\n" for k in rows),
        "text last": "speed,a,kind\n" + "".join(f"{k % 5},{k},cat\n" for k in rows),
        "classes last": "id,speed,kind\n" + "".join(f"{k},{k % 5},{['cat', 'dog'][k % 2]}\n" for k in rows),
        "decimal commas": "speed;a\n" + "".join(f"{k % 5},5;{k}\n" for k in rows),
        "dates": "day,speed,a\n" + "".join(f"2024-01-{k + 1:02},{k % 5},{k}\n" for k in rows),
    }
    for text in tables.values():
        (tmp_path / "t.csv").write_text(text)
        table = read_upload(text)
        results = []
        for source in (table, tmp_path / "t.csv"):
            try:
                problem = cd.from_data(source, n_hidden=2)
                results.append((problem.inputs.tolist(), problem.targets.tolist(), problem.data.lines()))
            except cd.InputError as refusal:
                results.append(str(refusal))
        assert results[0] == results[1]


def test_uploads_may_be_separated_by_tabs_and_in_utf_16():
    content = ("größe\ta\n" + "1\t2\n" * 12).encode("utf-16")
    assert list(read_upload(content, "t.tsv").columns) == ["größe", "a"]
    assert read_upload(content, "t.tsv").notes == ("read as UTF-16",)


def test_the_view_says_what_it_uses():
    """A dropped table: what is learned from what, what is left out and why, in the sentence above the figures."""
    from bokeh.document import Document
    from panel.io.state import set_curdoc

    from curldescent.apps.explorer.page import Page
    from curldescent.apps.explorer.view import Surroundings
    from curldescent.apps.explorer.views.your_data import VIEW, DataView

    good = b",name,speed,a\n" + b"".join(b"%d,n,%d,%d\n" % (k, k % 5, k) for k in range(12))
    with set_curdoc(Document()):
        page = Page(VIEW, DataState(), Surroundings((VIEW,)))
        view = DataView(page, DataState())
        try:
            view._dropped(types.SimpleNamespace(new={"t.csv": good}))
            assert (view._inputs.value, view._targets.value) == (["speed"], ["a"])
            view._restart()
            view._tell("running", 3, {})
            assert "inputs: &#x27;speed&#x27;; targets: &#x27;a&#x27;" in page.message.object
            assert "column 1 (without a name in the header)" in page.message.object
            assert "text in &#x27;name&#x27;" in page.message.object
            assert "nearly every row" not in page.message.object
            kinds = b"".join(b"%d,%d,%s\n" % (k, k * k % 7, (b"cat", b"dog")[k % 2]) for k in range(12))
            view._dropped(types.SimpleNamespace(new={"t.csv": b"id,y,kind\n" + kinds}))
            assert (view._inputs.value, view._targets.value) == (["y"], ["kind"])
            view._restart()
            view._tell("running", 3, {})
            assert view._problem.data.classes
            assert "it counts the rows" in page.message.object
            assert "the last column, &#x27;kind&#x27;, is taken" in page.message.object
            days = b"".join(b"2024-01-%02d,%d\n" % (k + 1, k) for k in range(12))
            view._dropped(types.SimpleNamespace(new={"t.csv": b"day,a\n" + days}))
            assert "Column &#x27;day&#x27; must be numeric, got dates" in page.message.object
            assert view._inputs.value == []
            holes = b"".join(b"%s,%d\n" % (b"" if k == 3 else b"%d" % (k * k), k) for k in range(12))
            view._dropped(types.SimpleNamespace(new={"t.csv": b"x,a\n" + holes}))
            view._restart()
            assert "got a missing value in row 4" in page.message.object
            view._widgets["missing"].value = "drop"
            view._restart()
            view._tell("running", 3, {})
            assert "1 of 12 rows are left out" in page.message.object
        finally:
            view.live.stop()


def test_the_data_script_runs_whatever_the_file_is_called(tmp_path, run_script):
    name = 'it\'s "data"; import os.csv'
    rows = "\n".join(f"{k % 7},{k % 5},{k % 7 + k % 5}" for k in range(30))
    (tmp_path / name).write_text("a,b,sum\n" + rows)
    printed = run_script(your_data.script(DataState(n_hidden=4), name, ["a", "b"], ["sum"], 20))
    assert "stable" in printed


def test_only_listed_stores_open(stores, tmp_path):
    assert list_stores(None) == {}
    assert list(list_stores(stores)) == ["deeper/rules", "plane"]
    assert list(list_stores(stores / "plane")) == ["plane"]
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link").symlink_to(stores / "plane")
    assert list_stores(tmp_path / "inside") == {}
    for name in ("..", "../plane", str(stores / "plane"), "", "plane/", "plane/cells"):
        with pytest.raises(cd.InputError, match="there is no store"):
            find_store(stores, name)


def test_a_heat_map_is_the_median_of_the_store(stores):
    opened = Opened.read(stores / "plane")
    assert opened.counts() == (6, 0, 6)
    expected = opened.data.final_test_error.median("trial").transpose("hidden", "ratio")
    np.testing.assert_array_equal(opened.matrix("final_test_error", "ratio", "hidden", {}), expected)
    ratios, fractions = opened.theory("ratio", "hidden", {})
    np.testing.assert_allclose(ratios[-1], cd.theory.critical_ratio(hidden=fractions[-1]))
    cell = opened.curves("final_test_error", {"ratio": 1, "hidden": 0})
    np.testing.assert_array_equal(cell["lines"], opened.data.test_error[1, 0])
    ruled = Opened.read(stores / "deeper/rules")
    assert ruled.theory("n_train", "seed", {}) is None
    assert ruled.matrix("final_test_error", "n_train", "", {"rule": 1, "seed": 0}).shape == (1, 2)
    assert ruled.curves("final_test_error", {"n_train": 0, "seed": 1, "rule": 0})["kind"] == "trials"


def test_a_heat_map_of_a_list_in_any_order_ascends(tmp_path):
    fill(small(axes={"ratio": [1.0, 0.25, 0.5], "hidden": [0.5, 0.0], "readout": [0.5, 0.0]}), tmp_path / "any")
    opened = Opened.read(tmp_path / "any")
    np.testing.assert_array_equal(opened.data.ratio, [0.25, 0.5, 1.0])
    assert Scale.of(opened.data.ratio.values).kind == "log"
    planned = cd.sweeps.open(tmp_path / "any").final_test_error.median("trial")
    got = opened.matrix("final_test_error", "ratio", "hidden", {"readout": 1})
    for i, ratio in enumerate([0.25, 0.5, 1.0]):
        for j, hidden in enumerate([0.0, 0.5]):
            assert got[j, i] == planned.sel(ratio=ratio, hidden=hidden, readout=0.5)
    # Held at the second readout fraction, 0.5, and not at the plan's second, 0.
    ratios, fractions = opened.theory("ratio", "hidden", {"readout": 1})
    np.testing.assert_allclose(ratios[-1], cd.theory.critical_ratio(hidden=fractions[-1], readout=0.5))


def test_the_sweep_script_runs(stores, run_script):
    state = SweepState("plane", "final_test_error", "ratio", "hidden")
    assert "ratio" in run_script(sweep_browser.script(state, stores / "plane", {}, y="hidden"))
    state = SweepState("deeper/rules", "final_test_error", "n_train", "seed")
    held = {"rule": "CD"}
    assert "n_train" in run_script(sweep_browser.script(state, stores / "deeper/rules", held, y="seed"))


def test_scales_put_borders_between_neighbours():
    scale = Scale.of(np.array([0.1, 1.0, 10.0]))
    assert scale.kind == "log"
    np.testing.assert_allclose(scale.borders, [-1.5, -0.5, 0.5, 1.5])
    assert scale.ticks() == {-1.0: "0.1", 0.0: "1", 1.0: "10"}
    assert Scale.of(np.array(["GD", "CD"])).ticks() == {0.0: "GD", 1.0: "CD"}
    values, logarithmic = coloured(np.array([0.0, 1e-40, 1.0, np.nan]))
    assert logarithmic
    np.testing.assert_array_equal(values, [-32, -32, 0, np.nan])
    np.testing.assert_array_equal(coloured(np.array([1.0, np.inf, 2.0]))[0], [1, np.nan, 2])


def test_colours_of_sweeps_stand_on_the_scale_that_was_asked_for():
    values = np.array([1.0, 100.0, 1e4, 0.0, -1.0, np.nan])
    linear, logarithmic = coloured(values, "linear")
    assert not logarithmic
    np.testing.assert_array_equal(linear, values)
    shown, logarithmic = coloured(values, "logarithmic")
    assert logarithmic
    np.testing.assert_array_equal(shown, [0, 2, 4, np.nan, np.nan, np.nan])


@pytest.mark.parametrize(("hidden", "readout"), [(0.4, 0.0), (0.3, 0.1)])
def test_the_boundary_is_where_lambda_min_changes_sign(hidden, readout):
    line = boundary(PhaseState(0.3, hidden, readout), "hidden")
    inside = np.flatnonzero(np.isfinite(line["line"]))[::40]
    assert inside.size
    for k in inside:
        ratio, fraction = line["line"][k], line["fraction"][k]
        assert cd.theory.Spectrum(0.97 * ratio, fraction, readout).stable
        assert not cd.theory.Spectrum(1.03 * ratio, fraction, readout).stable


def test_the_density_curve_holds_the_whole_mass():
    law = cd.theory.Spectrum(0.5, 0.3, 0.1)
    curve = density_curve(law)
    x, y = (np.array([v for v in curve[name] if v is not None]) for name in ("x", "y"))
    assert np.trapezoid(y, x) == pytest.approx(1, abs=2e-3)


def test_solutions_are_split_by_their_stability():
    network = cd.TwoWeights(1.0, readout=-1.0)
    for name, sign in (("stable", 1), ("unstable", -1)):
        pieces = [np.array(pair) for pair in zip(*solutions(network)[name].values(), strict=True)]
        for piece in pieces:
            kept = piece[:, np.isfinite(piece[0])]
            assert kept.size
            np.testing.assert_allclose(kept[0] * kept[1], 1)
            assert (sign * network.stability(kept) > 0).all()


def test_conserved_curves_pass_through_their_points():
    network = cd.TwoWeights(1.0, readout=-1.0)
    found = conserved(network, ((1.0, 1.0),))
    radius = np.hypot(np.concatenate(found["xs"]), np.concatenate(found["ys"]))
    np.testing.assert_allclose(radius, np.sqrt(2), rtol=2e-3)


def test_a_path_to_infinity_is_followed_for_a_while():
    path, time = follow(cd.TwoWeights(1.0, -1.0, -1.0), (2.0, 2.0))
    assert 0 < time < 40
    assert np.isfinite(path).all()


def test_faces_come_from_far_to_near():
    grid = np.linspace(-1, 1, 5)
    drawn = faces(Camera(0.0, elevation=45.0), grid, np.zeros((5, 5)))
    heights = [np.mean(ys) for ys in drawn["ys"]]
    assert heights == sorted(heights, reverse=True)
