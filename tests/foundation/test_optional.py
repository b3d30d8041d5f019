"""Optional packages: which are lacking."""

import sys
from types import SimpleNamespace

import pytest

import curldescent as cd
from curldescent.foundation import optional


def test_packages_that_are_kept_out_by_hand_are_lacking(monkeypatch):
    """None among the loaded modules, as people block an import, and a finder that refuses it."""

    def refuses(name, path=None, target=None):
        if name == "pyarrow":
            raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "pyarrow", raising=False)
    monkeypatch.setattr(sys, "meta_path", [SimpleNamespace(find_spec=refuses), *sys.meta_path])
    assert optional.lacking("sklearn", "pyarrow") == ["sklearn", "pyarrow"]
    with pytest.raises(cd.InputError, match="needs scikit-learn"):
        cd.from_data("digits", n_hidden=2)
