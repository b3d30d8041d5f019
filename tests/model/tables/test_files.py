"""Files from strangers: NPZ, Parquet and TOML that are broken, hostile or too large, and paths that are no files."""

import contextlib
import io
import os
import random
import struct
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest

import curldescent as cd
from curldescent.learning.experiment_file import read_experiment

TARGET = np.arange(5.0) ** 2


def npy(array):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=True)
    return stream.getvalue()


def declared(shape, body=b"", descr="<f8"):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
    return stream.getvalue() + body


def packed(path, members):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's own, of two members of one name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)
    return path


def learn(source, **options):
    return cd.from_data(source, **({"targets": "a", "n_hidden": 2, "test_fraction": 0} | options))


ARRAYS = {
    "objects": (npy(np.array([{}] * 5, dtype=object)), "array 'x' holds Python objects, which are never opened"),
    "complex": (npy(np.ones(5) * 1j), "column 'x' must be a real numeric array, got dtype complex128"),
    "dates": (
        npy(np.arange(5).astype("M8[s]")),
        r"must be numeric, got dates \(dtype datetime64\[s\]\); make a number",
    ),
    "records": (npy(np.zeros(5, dtype=[("p", "f8")])), "column 'x' must be a real numeric array"),
    "a scalar": (npy(3.0), r"must have shape \(samples,\) or \(samples, width\), got \(\)"),
    "three axes": (npy(np.ones((5, 2, 2))), r"must have shape .* got \(5, 2, 2\)"),
    "another length": (npy(np.ones(4)), "as many samples each, got 'x': 4, 'b': 5"),
    "a huge shape": (declared((10**12,)), "declares shape .* 8000000000000 bytes, and holds 0"),
    "an overflowing shape": (declared((2**40, 2**40)), "declares shape .* and holds 0"),
    "a negative shape": (declared((-5,), b"0" * 40), "declares shape .* and holds 40"),
    "nothing, very often": (declared((10**14,), descr="|S0"), "would need .* GB of memory"),
    "no magic": (b"hello", "cannot be read as NPZ: array 'x'"),
    "a header that is code": (
        b"\x93NUMPY\x01\x00\x76\x00" + b"{'descr': __import__('os')}".ljust(0x76),
        "cannot be read as NPZ: array 'x'",
    ),
    "a deep header": (b"\x93NUMPY\x02\x00" + struct.pack("<I", 9000) + b"(" * 9000, "cannot be read as NPZ: array 'x'"),
    "a long header": (b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31) + b" " * 9000, "a header of 2147483648 bytes"),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_array_that_cannot_be_used_is_refused_and_one_that_is_not_used_does_not_matter(kind, tmp_path):
    content, sentence = ARRAYS[kind]
    path = packed(tmp_path / "t.npz", [("a.npy", npy(TARGET)), ("x.npy", content), ("b.npy", npy(np.ones((5, 3))))])
    with pytest.raises(cd.InputError, match=sentence) as refused:
        learn(path)
    assert "\n" not in str(refused.value)
    problem = learn(path, inputs="b")
    assert problem.inputs.shape == (5, 3)
    assert problem.data.left_out == {"'x'": "not chosen"}


def test_archives_say_what_else_they_hold(tmp_path):
    path = packed(tmp_path / "t.npz", [("a.npy", npy(TARGET)), ("b.npy", npy(TARGET)), ("read.me", b"hello")])
    assert learn(path).data.left_out == {"'read.me'": "no array"}
    with pytest.raises(cd.InputError, match="holds 2 arrays called 'a'"):
        learn(packed(path, [("a.npy", npy(TARGET)), ("a.npy", npy(TARGET))]))
    with pytest.raises(cd.InputError, match="there is no array in it"):
        learn(packed(path, []))


def test_damaged_archives_never_raise_anything_else(tmp_path):
    stream = io.BytesIO()
    np.savez_compressed(stream, a=TARGET, x=np.random.default_rng(0).normal(size=(5, 40)))
    whole, path = stream.getvalue(), tmp_path / "t.npz"
    # A method that nobody knows, a password, and bad data inside.
    central, inside = whole.index(b"PK\x01\x02"), whole.index(b"x.npy") + 100
    damaged = [whole[:cut] for cut in (0, 10, 100, len(whole) - 100, len(whole) - 1)]
    damaged.append(whole[: central + 10] + b"\x63\x00" + whole[central + 12 :])
    damaged.append(whole[: central + 8] + b"\x01" + whole[central + 9 :])
    damaged.append(whole[:inside] + b"\xff" * 100 + whole[inside + 100 :])
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(cd.InputError, match="cannot be read as NPZ"):
            learn(path)
    chance = random.Random(0)
    for _ in range(150):
        content = bytearray(whole)
        content[chance.randrange(len(content))] = chance.randrange(256)
        path.write_bytes(content)
        with contextlib.suppress(cd.InputError):
            learn(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    from curldescent.foundation import memory

    body = b"\x00" * 10**7
    path = packed(tmp_path / "t.npz", [("a.npy", npy(TARGET)), ("x.npy", declared((10**7,), body, "|u1"))])
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(memory, "available", lambda: 10**8)
    with pytest.raises(
        cd.InputError, match=r"array 'x' of data file .* would need 0.17 GB of memory, and 0.1 GB are free"
    ):
        learn(path)


def test_parquet_files_say_their_size_and_their_index(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    from curldescent.foundation import memory

    path, frame = tmp_path / "t.parquet", pd.DataFrame({"a": TARGET, "b": TARGET, "t": TARGET})
    frame.set_index("t").to_parquet(path)
    assert learn(path).data.left_out == {"the index 't'": "an index is no column; reset_index() makes it one"}
    with pytest.raises(cd.InputError, match="there is no column 't': the index 't' is left out"):
        learn(path, targets="t")
    monkeypatch.setattr(memory, "available", lambda: 100)
    with pytest.raises(cd.InputError, match="with 5 rows and 3 columns would need"):
        learn(path)


class Columns:
    """A frame that has columns and nothing else, as Polars' have."""

    def __init__(self, frame):
        self.columns, self._frame = list(frame.columns), frame

    def __getitem__(self, name):
        return self._frame[name]


def test_frames_say_what_they_leave_out():
    frame = pd.DataFrame({"a": TARGET, "b": TARGET})
    assert learn(frame).data.left_out == {}
    assert learn(frame[frame.b > 0]).data.left_out == {}
    assert learn(frame.set_axis(list("vwxyz"))).data.left_out == {
        "the index": "an index is no column; reset_index() makes it one"
    }
    assert learn(frame.assign(c=TARGET).set_axis(["a", "b", None], axis=1)).data.left_out == {
        "column 3": "without a name"
    }
    unnamed = frame.assign(c=TARGET).set_axis(["a", "b", "Unnamed: 0"], axis=1)
    for nameless in (unnamed, dict(unnamed), dict(unnamed.set_axis(["a", "b", ""], axis=1)), Columns(unnamed)):
        assert learn(nameless).data.inputs == ("b",)
        assert learn(nameless).data.left_out == {"column 3": "without a name"}
    for twice in (frame.set_axis(["a", "a"], axis=1), pd.DataFrame({"1": TARGET, 1: TARGET}), {"1": TARGET, 1: TARGET}):
        with pytest.raises(cd.InputError, match="needs a name of its own, but 2 are called"):
            learn(twice)
    with pytest.raises(cd.InputError, match="got 2 levels of names"):
        learn(frame.set_axis(pd.MultiIndex.from_tuples([("a", "x"), ("b", "y")]), axis=1))
    records = np.array([(1.0, 2.0), (3.0, 4.0)], dtype=[("a", float), ("b", float)])
    assert learn(records).data.inputs == ("b",)


@pytest.mark.parametrize("targets", [5, 5.0, b"a", True, ["a", 5], [["a"]], {"a": 1}, [None], {"a", "b"}])
def test_names_of_columns_are_text(targets):
    with pytest.raises(cd.InputError, match="targets must be a column's name or a list of names, got"):
        learn({"a": TARGET, "b": TARGET, "c": TARGET}, targets=targets)


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet", ".toml"])
def test_paths_that_are_no_files(suffix, tmp_path):
    read = read_experiment if suffix == ".toml" else learn
    folder, pipe, endless, circle = (tmp_path / f"{name}{suffix}" for name in ("folder", "pipe", "endless", "circle"))
    folder.mkdir()
    os.mkfifo(pipe)
    endless.symlink_to("/dev/zero")
    circle.symlink_to(circle)
    for path, sentence in (
        (tmp_path / f"none{suffix}", "does not exist"),
        (tmp_path / f"a\x00b{suffix}", "no file can have such a name"),
        (tmp_path / ("a" * 5000 + suffix), "cannot be read: File name too long"),
        (folder, "is a folder, not a file"),
        (pipe, "is a pipe or a device, not a file"),
        (endless, "is a pipe or a device, not a file"),
        (circle, "cannot be read: Too many levels of symbolic links"),
    ):
        with pytest.raises(cd.InputError, match=sentence) as refused:
            read(path)
        assert len(str(refused.value)) < 600


TOML = {
    "deep lists": ("a=" + "[" * 50_000 + "]" * 50_000, "nested too deeply"),
    "deep tables": ("a=" + "{a=" * 20_000 + "1" + "}" * 20_000, "nested too deeply"),
    "a number of 5000 digits": ("a=" + "9" * 5000, "is not TOML"),
    "Latin-1": (b"a='\xff'", "is not TOML"),
    "a long key": ("x" * 100_000 + "=1", "unknown entry 'xxx"),
    "a long value": ("training='" + "x" * 100_000 + "'", "training must be a section"),
}


@pytest.mark.parametrize("kind", TOML)
@pytest.mark.parametrize("read", [read_experiment, cd.sweeps.read])
def test_hostile_toml_is_one_sentence(kind, read, tmp_path):
    content, sentence = TOML[kind]
    path = tmp_path / "e.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(cd.InputError, match=sentence) as refused:
        read(path)
    assert len(str(refused.value)) < 1300
    assert "\n" not in str(refused.value)


DATA = {
    'source = {x = [1, 2], y = [[1], [2, 3]]}\ntargets = "y"': "rows of different lengths",
    'source = {x = [1, 2], y = ["a", 2]}\ntargets = "y"': "column 'y' must hold labels of one type",
    'source = {x = [1, 2], y = {a = 1}}\ntargets = "y"': "column 'y' must be a real numeric array, got a dict",
    'source = {x = [1, 2], y = 1}\ntargets = "y"': "must have shape",
    'source = {}\ntargets = "y"': "there is no column 'y'; there are none",
    "source = {x = [1, 2], y = [1, 2]}\ntargets = 5": "targets must be a column's name",
    'source = {x = [1, 2], y = [1, 2]}\ntargets = "y"\none_hot = "false"': "one_hot must be true or false, got 'false'",
    'source = {x = [1, 2], y = [1, 2]}\ntargets = "y"\ntrials = 1000000000000': "1000000000000 students of 2",
    'source = 5\ntargets = "y"': "data must be a file",
}


@pytest.mark.parametrize("entries", DATA)
def test_sources_in_toml_are_checked(entries, tmp_path):
    path = tmp_path / "e.toml"
    path.write_text(f"[training]\nepochs = 1\n[data]\nn_hidden = 2\n{entries}\n")
    with pytest.raises(cd.InputError, match=DATA[entries]):
        read_experiment(path)
