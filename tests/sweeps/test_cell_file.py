"""No byte of a cell's file can change unnoticed."""

import io

import numpy as np
import pytest

from curldescent.sweeps.storage.cell_file import DamagedCell, encode, unpack

ARRAYS = {"q": np.array([1.5, np.nan]), "predicted_lambda_min": np.array(-0.25)}
WHOLE = encode(ARRAYS, fingerprint="f" * 64, key="k", cell={"ratio": 0.5})


def read(data, **changes):
    return unpack(data, **{"fingerprints": ["f" * 64], "key": "k", **changes})[1]


def test_what_is_written_is_read():
    found = read(WHOLE)
    assert list(found) == list(ARRAYS)
    for name, values in ARRAYS.items():
        np.testing.assert_array_equal(found[name], values)


def test_any_of_the_fingerprints_of_the_settings_is_right():
    assert list(read(WHOLE, fingerprints=["e" * 64, "f" * 64])) == list(ARRAYS)


def test_the_same_results_are_the_same_bytes():
    assert encode(ARRAYS, fingerprint="f" * 64, key="k", cell={"ratio": 0.5}) == WHOLE


def test_numpy_alone_reads_it():
    with np.load(io.BytesIO(WHOLE), allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["q"], ARRAYS["q"])


def test_every_flipped_bit_is_noticed():
    for position in range(len(WHOLE)):
        for bit in range(8):
            data = bytearray(WHOLE)
            data[position] ^= 1 << bit
            with pytest.raises(DamagedCell, match="checksum"):
                read(bytes(data))


def test_every_truncation_is_noticed():
    for length in range(len(WHOLE)):
        with pytest.raises(DamagedCell, match="checksum"):
            read(WHOLE[:length])
    with pytest.raises(DamagedCell, match="checksum"):
        read(WHOLE + b"\0")


def test_files_of_elsewhere_are_named():
    with pytest.raises(DamagedCell, match="other settings"):
        read(WHOLE, fingerprints=["e" * 64])
    with pytest.raises(DamagedCell, match="another cell"):
        read(WHOLE, key="l")
    import hashlib

    stranger = b"not a zip at all"
    with pytest.raises(DamagedCell, match="valid checksum but is not a cell"):
        read(stranger + hashlib.sha256(stranger).hexdigest().encode())


def test_objects_are_refused_on_the_way_in():
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        encode({"q": np.array([{}])}, fingerprint="f", key="k", cell={})
