"""Stores with valid checksums and wrong content: every command says one sentence, or computes the cell again."""

import contextlib
import copy
import hashlib
import io
import json
import shutil
import zipfile

import numpy as np
import pytest

import curldescent as cd
from curldescent.apps.cli.app import main
from curldescent.foundation.canonical import canonical, digest
from curldescent.sweeps import Store
from tests.samples import sampled
from tests.sweeps.conftest import contents, fill, small

# A size that a file names must not be spent, and must not take the process that runs the tests with it.
pytestmark = pytest.mark.usefixtures("in_this_process", "little_memory")


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    """A finished store in which there is something of everything: zipped and plain axes, rules, curves, weights."""
    store = tmp_path_factory.mktemp("valid") / "store"
    sweep = small(
        axes={"size": {"zip": {"n_inputs": [3, 5], "n_hidden": [4, 2]}, "labels": ["wide", "narrow"]}},
        student_teacher={"n_train": 20, "n_test": 5, "trials": 2},
        rules={"GD": {}, "CD": {"hidden": 0.5}},
        keep={"error_curves": True, "epochs_to": [0.1], "weights": True},
    )
    return fill(sweep, store)


@pytest.fixture
def store(valid, tmp_path):
    return shutil.copytree(valid, tmp_path / "store")


def command(*arguments):
    """Its exit code; anything but SystemExit is a traceback and fails the test."""
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    return end.value.code


def every_command(store, tmp_path):
    out = tmp_path / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    return {
        "status": ["status", "--store", store],
        "verify": ["status", "--verify", "--json", "--store", store],
        "netcdf": ["export", "--store", store, "--out", out / "all.nc"],
        "zarr": ["export", "--store", store, "--out", out / "all.zarr"],
        "merge": ["merge", store, "--store", out / "merged"],
        "compact": ["compact", "--store", store],
        "retry": ["retry", "--store", store, "--workers", "1"],
        "run": ["run", "--store", store, "--workers", "1"],
    }


def one_sentence(capsys):
    lines = [line for line in capsys.readouterr().err.strip().splitlines() if not line.startswith("sweep: ")]
    assert len(lines) == 1
    assert lines[0].startswith("curldescent: ")
    assert len(lines[0]) < 2000


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def setting(*path, to):
    """A mutation: the entry under these names becomes something else."""

    def change(plan):
        *parents, last = path
        for name in parents:
            plan = plan[name]
        plan[last] = to

    return change


def dropping(*path):
    def change(plan):
        *parents, last = path
        for name in parents:
            plan = plan[name]
        del plan[last]

    return change


PLANS = {
    "recipe a list": setting("recipe", to=[]),
    "recipe none": setting("recipe", to=None),
    "axes a table": setting("axes", to={"a": 1}),
    "axes none": setting("axes", to=None),
    "axes numbers": setting("axes", to=[1, 2]),
    "axes nested": setting("axes", to=nested(200)),
    "an axis twice": lambda plan: plan["axes"].append(plan["axes"][1]),
    "an axis less": dropping("axes", 1),
    "no axes": setting("axes", to=[]),
    "an axis without a name": dropping("axes", 1, "name"),
    "an axis without columns": dropping("axes", 1, "columns"),
    "an axis without labels": dropping("axes", 1, "labels"),
    "columns a list": setting("axes", 1, "columns", to=[1]),
    "columns none": setting("axes", 1, "columns", to={}),
    "columns of text": setting("axes", 1, "columns", "n_inputs", to="ab"),
    "columns of other lengths": setting("axes", 1, "columns", "n_inputs", to=[3]),
    "values of kinds": setting("axes", 1, "columns", "n_inputs", to=[3, "a"]),
    "values negative": setting("axes", 1, "columns", "n_inputs", to=[-3, -5]),
    "values huge": setting("axes", 1, "columns", "n_inputs", to=[3, 10**400]),
    "values too large": setting("axes", 1, "columns", "n_inputs", to=[3, 2**31 - 1]),
    "values fractional": setting("axes", 1, "columns", "n_inputs", to=[3.5, 5]),
    "values nested": setting("axes", 1, "columns", "n_inputs", to=[[3], [5]]),
    "values tables": setting("axes", 1, "columns", "n_inputs", to=[{}, {}]),
    "labels numbers": setting("axes", 1, "labels", to=[1, 2]),
    "labels too few": setting("axes", 1, "labels", to=["wide"]),
    "labels equal": setting("axes", 1, "labels", to=["wide", "wide"]),
    "a label of half a character": setting("axes", 1, "labels", to=["\ud800", "narrow"]),
    "a name of a dimension": setting("axes", 1, "name", to="trial"),
    "a name with blanks": setting("axes", 1, "name", to="a b\nc"),
    "a name of a number": setting("axes", 1, "name", to=5),
    "an unknown parameter": setting("axes", 1, "columns", to={"n_inputs": [3, 5], "x": [1, 2]}),
    "rules of text": setting("axes", 0, "columns", "rule", to=["GD", "CD"]),
    "rules unknown": setting("axes", 0, "columns", "rule", to=[{}, {"x": 1}]),
    "rules without names": setting("axes", 0, "labels", to=None),
    "rules of too few names": setting("axes", 0, "labels", to=["GD"]),
    "no fingerprint": dropping("fingerprint"),
    "a fingerprint of a number": setting("fingerprint", to=5),
    "format text": setting("format", to="1"),
    "format true": setting("format", to=True),
    "format of the future": setting("format", to=2),
    "author a table": lambda plan: plan.update(format=3, written_by={"a": [1] * 500}),
    "author of control characters": lambda plan: plan.update(format=3, written_by="\x1b[2J\nx"),
    "another program": setting("what", to="something else"),
}
RECIPES = {
    "no semantics": dropping("recipe", "semantics"),
    "semantics of the future": setting("recipe", "semantics", to=99),
    "semantics a table": setting("recipe", "semantics", to={}),
    "no keep": dropping("recipe", "keep"),
    "keep a list": setting("recipe", "keep", to=["weights"]),
    "keep unknown": setting("recipe", "keep", "x", to=1),
    "keep text": setting("recipe", "keep", "weights", to="yes"),
    "keep nothing": setting("recipe", "keep", to={"final_errors": False}),
    "keep thresholds of text": setting("recipe", "keep", "epochs_to", to=["a"]),
    "keep negative": setting("recipe", "keep", "order_parameter", to=-5),
    "no training": dropping("recipe", "training"),
    "training a list": setting("recipe", "training", to=[]),
    "training unknown": setting("recipe", "training", "x", to=1),
    "no epochs": dropping("recipe", "training", "epochs"),
    "epochs text": setting("recipe", "training", "epochs", to="many"),
    "epochs zero": setting("recipe", "training", "epochs", to=0),
    "epochs huge": setting("recipe", "training", "epochs", to=10**30),
    "record huge": setting("recipe", "training", "record", to=10**9),
    "record ragged": setting("recipe", "training", "record", to=[[1], [2, 3]]),
    "record a table": setting("recipe", "training", "record", to={"a": 1}),
    "record text": setting("recipe", "training", "record", to="all"),
    "record false": setting("recipe", "training", "record", to=False),
    "trials none": setting("recipe", "student_teacher", "trials", to=None),
    "trials huge": setting("recipe", "student_teacher", "trials", to=10**9),
    "trials negative": setting("recipe", "student_teacher", "trials", to=-1),
    "trials a million, a million records": lambda plan: (
        plan["recipe"]["student_teacher"].update(trials=10**6),
        plan["recipe"]["training"].update(epochs=10**9, record=10**6),
    ),
    "samples huge": setting("recipe", "student_teacher", "n_train", to=2**31),
    "samples text": setting("recipe", "student_teacher", "n_test", to="5"),
    "outputs huge": setting("recipe", "student_teacher", "n_outputs", to=2**31 - 1),
    "start a number": setting("recipe", "start", to=5),
    "start elsewhere": setting("recipe", "start", "at", to=["teacher"]),
    "seed text": setting("recipe", "seed", to="0"),
    "seed huge": setting("recipe", "seed", to=10**400),
    "paired a number": setting("recipe", "paired", to=5),
    "paired unknown": setting("recipe", "paired", to=["x"]),
    "paired nested": setting("recipe", "paired", to=[["size"]]),
    "varied a list": setting("recipe", "varied", to=["size"]),
    "varied otherwise": setting("recipe", "varied", to={"size": ["n_inputs"]}),
    "varied of numbers": setting("recipe", "varied", to={"size": 5, "rule": ["rule"]}),
    "an engine of numbers": setting("recipe", "training", "engine", to=[1]),
    "a batch of text": setting("recipe", "training", "batch_size", to="x"),
    "activation a table": setting("recipe", "student_teacher", "activation", to={"a": 1}),
    "covariance of text": setting("recipe", "student_teacher", "covariance", to=[["a"]]),
}


def mutated(store, change, *, fingerprint):
    path = store / "plan.json"
    plan = copy.deepcopy(json.loads(path.read_text()))
    plan.pop("checksum")
    change(plan)
    if fingerprint:
        plan["fingerprint"] = digest(canonical(plan["recipe"]))
    path.write_text(json.dumps({**plan, "checksum": digest(canonical(plan))}))


@pytest.mark.parametrize(
    ("case", "fingerprint"),
    [
        # A third of them always; each kind of entry has one there.
        *(pytest.param(c, False, marks=() if i % 3 == 0 else pytest.mark.slow) for i, c in enumerate(PLANS)),
        *(pytest.param(c, True, marks=() if i % 3 == 0 else pytest.mark.slow) for i, c in enumerate(RECIPES)),
        # With the fingerprint of the plan as it was, which most of them are refused for already.
        *(pytest.param(case, False, marks=pytest.mark.slow) for case in RECIPES),
    ],
)
def test_no_plan_crashes_a_command(store, tmp_path, capsys, case, fingerprint):
    mutated(store, {**PLANS, **RECIPES}[case], fingerprint=fingerprint)
    before = contents(store)
    refused = 0
    for name, arguments in every_command(store, tmp_path).items():
        capsys.readouterr()
        code = command("sweep", *arguments)
        if code == 2:
            refused += 1
            one_sentence(capsys)
        else:
            assert code == (1 if name == "verify" and cd.sweeps.status(store, verify=True).damaged else 0), name
    assert refused, "nothing was wrong with it: what is the mutation for?"
    # A plan that cannot be used costs no cell, whether it lies in the store or among those set aside.
    assert sorted(before.values()) == sorted(path.read_bytes() for path in store.rglob("*.npz"))
    with contextlib.suppress(cd.InputError):
        cd.sweeps.open(store).load()


BYTES = {
    "a name twice": lambda text: text.replace('"format": 1', '"format": 0, "format": 1'),
    "NaN": lambda text: text.replace('"seed": 3', '"seed": NaN'),
    "nested without end": lambda text: "[" * 100_000,
    "nested without end in a plan": lambda text: text.replace('"seed": 3', '"seed": ' + "[" * 50_000 + "]" * 50_000),
    "a number without end": lambda text: text.replace('"seed": 3', '"seed": ' + "9" * 10_000),
    "no UTF-8": lambda text: text.encode() + b"\xff",
    "UTF-16": lambda text: text.encode("utf-16"),
    "nothing": lambda text: "",
    "a list": lambda text: "[]",
    "a number": lambda text: "5",
}


@pytest.mark.parametrize("case", BYTES)
def test_no_plan_of_other_bytes_crashes_a_command(store, tmp_path, capsys, case):
    data = BYTES[case]((store / "plan.json").read_text())
    (store / "plan.json").write_bytes(data if isinstance(data, bytes) else data.encode())
    before = contents(store)
    for arguments in every_command(store, tmp_path).values():
        assert command("sweep", *arguments) == 2
        one_sentence(capsys)
    assert contents(store) == before


def sealed(body):
    return body + hashlib.sha256(body).hexdigest().encode()


def packed(members, *, compression=zipfile.ZIP_STORED):
    """An archive like a cell's, its checksum valid, of (name, bytes)."""
    import warnings

    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", compression) as archive:
        warnings.simplefilter("ignore")
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, compression)
        archive.comment = b"0" * 64
    return sealed(buffer.getvalue()[:-64])


def npy(values, **options):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(values), **{"version": (1, 0), **options})
    return file.getvalue()


def declaring(header):
    text = header.encode() + b" " * (117 - len(header)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def members_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_array(name, data):
    return lambda members: packed({**members, f"{name}.npy": data}.items())


def with_header(**changes):
    def change(members):
        header = {**json.loads(members["cell.json"]), **changes}
        return packed({**members, "cell.json": json.dumps(header).encode()}.items())

    return change


CELLS = {
    "no archive": lambda members: sealed(b"a stranger"),
    "an empty archive": lambda members: packed([]),
    "no header": lambda members: packed((n, d) for n, d in members.items() if n != "cell.json"),
    "no arrays": lambda members: packed([("cell.json", members["cell.json"])]),
    "an array less": lambda members: packed((n, d) for n, d in members.items() if n != "final_test_error.npy"),
    "an array more": lambda members: packed([*members.items(), ("extra.npy", npy(np.ones(2)))]),
    "an array twice": lambda members: packed([*members.items(), ("final_test_error.npy", npy(np.ones(2)))]),
    "a name out of the folder": lambda members: packed([*members.items(), ("../x.npy", npy(np.ones(2)))]),
    "a file that is no array": lambda members: packed([*members.items(), ("notes.txt", b"x")]),
    "compressed": lambda members: packed(members.items(), compression=zipfile.ZIP_DEFLATED),
    "header of text": lambda members: packed({**members, "cell.json": b"x"}.items()),
    "header a list": lambda members: packed({**members, "cell.json": b"[]"}.items()),
    "header nested": lambda members: packed({**members, "cell.json": b"[" * 100_000}.items()),
    "header of NaN": lambda members: packed({**members, "cell.json": b'{"format": NaN}'}.items()),
    "format of the future": with_header(format=2),
    "format a table": with_header(format={"a": [1] * 1000}),
    "another sweep": with_header(fingerprint="0" * 64),
    "another key": with_header(key="0" * 24),
    "values of another cell": with_header(cell={"rule": {}, "n_inputs": 7, "n_hidden": 4}),
    "values missing": with_header(cell={}),
    "values a list": with_header(cell=[1]),
    "values of text": with_header(cell={"rule": "GD", "n_inputs": 3, "n_hidden": 4}),
    "objects": lambda members: packed({**members, "final_test_error.npy": _pickled()}.items()),
    "integers": with_array("final_test_error", npy(np.ones(2, dtype=np.int64))),
    "other order of bytes": with_array("final_test_error", npy(np.ones(2, dtype=">f8"))),
    "text": with_array("final_test_error", npy(np.array(["a", "b"]))),
    "complex": with_array("final_test_error", npy(np.ones(2, dtype=complex))),
    "a structure": with_array("final_test_error", npy(np.zeros(2, dtype=[("a", "<f8")]))),
    "a trial more": with_array("final_test_error", npy(np.ones(3))),
    "a dimension more": with_array("final_test_error", npy(np.ones((2, 1)))),
    "a scalar": with_array("final_test_error", npy(np.float64(1))),
    "fewer epochs": with_array("test_error", npy(np.ones((2, 3)))),
    "weights of another size": with_array("student_hidden", npy(np.ones((2, 9, 9)))),
    "huge": with_array("final_test_error", declaring("{'descr': '<f8', 'fortran_order': False, 'shape': (10**9,), }")),
    "huge in numbers": with_array(
        "final_test_error", declaring("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }")
    ),
    "negative": with_array("final_test_error", declaring("{'descr': '<f8', 'fortran_order': False, 'shape': (-2,), }")),
    "header of .npy nested": with_array("final_test_error", declaring("(" * 100)),
    "half an array": with_array("final_test_error", npy(np.ones(2))[:-3]),
    "more than an array": with_array("final_test_error", npy(np.ones(2)) + b"12345678"),
    "version 2 of .npy": with_array("final_test_error", npy(np.ones(2), version=(2, 0))),
    "a negative error": with_array("final_test_error", npy(np.array([-1.0, 1.0]))),
    "a negative error in a curve": lambda members: packed(
        {**members, "train_error.npy": npy(-np.lib.format.read_array(io.BytesIO(members["train_error.npy"])))}.items()
    ),
    "an epoch after the last": with_array("diverged_at", npy(np.array([-1.0, 21.0]))),
    "an epoch before the first": with_array("stopped_at", npy(np.array([-2.0, -1.0]))),
    "half an epoch": with_array("epochs_to_test", npy(np.array([[0.5], [3.0]]))),
}


def _pickled():
    file = io.BytesIO()
    np.lib.format.write_array(file, np.array([{}, {}]), version=(1, 0), allow_pickle=True)
    return file.getvalue()


# One of each kind of damage; every other case is of such a kind.
OFTEN = {
    *("no archive", "no header", "an array twice", "a name out of the folder", "header nested", "another sweep"),
    *("values of another cell", "objects", "a trial more", "huge", "an epoch after the last"),
}


@pytest.mark.parametrize("case", sampled(CELLS, seldom=CELLS.keys() - OFTEN))
def test_no_cell_crashes_a_command_and_a_run_computes_it_again(store, tmp_path, capsys, case):
    want = contents(store)
    path = Store(store).cell_path(Store(store).sweep.grid.key((0, 0)))
    path.write_bytes(CELLS[case](members_of(path.read_bytes())))
    with pytest.raises(cd.InputError, match="is damaged"):
        cd.sweeps.open(store).load()
    assert len(cd.sweeps.status(store, verify=True).damaged) == 1
    codes = {}
    for name, arguments in every_command(store, tmp_path).items():
        capsys.readouterr()
        if name == "retry":
            continue  # the same as run, and it would mend what run is to mend
        codes[name] = command("sweep", *arguments)
        if codes[name] == 2:
            one_sentence(capsys)
        elif name == "merge":
            assert "damaged, left out" in capsys.readouterr().out
    assert codes == {"status": 0, "verify": 1, "netcdf": 2, "zarr": 2, "merge": 0, "compact": 2, "run": 0}
    assert contents(store) == want


FAILURES = {
    "a list": b"[]",
    "nested": b"[" * 100_000,
    "no message": b'{"cell": {}, "kind": "x"}',
    "values a list": b'{"cell": [1, 2], "kind": "x", "message": "m"}',
    "message a number": b'{"cell": {}, "kind": "x", "message": 5}',
    "message of control characters": b'{"cell": {"a": "\\u001b[2J"}, "kind": "x", "message": "\\u001b[2J\\nb"}',
    "message without end": b'{"cell": {}, "kind": "x", "message": "' + b"m" * 2_000_000 + b'"}',
    "half a character": b'{"cell": {}, "kind": "x", "message": "\\ud800"}',
    "no UTF-8": b"\xff\xfe",
}


@pytest.mark.parametrize(
    "case", sampled(FAILURES, seldom=("values a list", "message a number", "message without end", "half a character"))
)
def test_no_record_of_a_failure_crashes_a_command(store, tmp_path, capsys, case):
    opened = Store(store)
    key = opened.sweep.grid.key((0, 0))
    opened.cell_path(key).unlink()
    opened.record_failure(key, cell={}, kind="x", message="m")
    (store / "failures" / f"{key}.json").write_bytes(FAILURES[case])
    codes = {name: command("sweep", *arguments) for name, arguments in every_command(store, tmp_path).items()}
    assert codes == {**dict.fromkeys(codes, 0), "compact": 2}
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    assert len(printed.out) < 20_000
