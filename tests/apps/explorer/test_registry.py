"""A view is one file, of this package or of another."""

import pkgutil
from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints

import pytest

pytest.importorskip("panel", reason="the explorer's extra is not installed: pip install 'curldescent[explore]'")

from curldescent.apps.explorer import registry, views
from curldescent.apps.explorer.registry import GROUP, LeftOutWarning, find_views
from curldescent.apps.explorer.state import ViewState
from curldescent.apps.explorer.views.phase import VIEW


class ElsewhereState(ViewState):
    PATH = "/elsewhere"


GOOD = replace(VIEW, name="Elsewhere", state=ElsewhereState, place=15)
NO_VIEW = 3


class NestedState(ViewState):
    PATH = "/a/b"


NESTED = replace(VIEW, state=NestedState)


def elsewhere(monkeypatch, target):
    entry = EntryPoint("theirs", target, GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda *, group: EntryPoints([entry]).select(group=group))


def test_every_file_of_the_folder_is_a_view_with_a_path_of_its_own(monkeypatch):
    monkeypatch.setattr(registry, "entry_points", lambda *, group: EntryPoints([]))
    found = find_views()
    assert len(found) == len(list(pkgutil.iter_modules(views.__path__))) == 6
    assert len({view.state.PATH for view in found}) == len(found)
    assert [view.place for view in found] == sorted(view.place for view in found)
    for view in found:
        # What a view begins with is what an empty link shows.
        assert view.state.from_query({}) == (view.state(), "")


def test_another_package_adds_a_view_in_its_place(monkeypatch):
    elsewhere(monkeypatch, f"{__name__}:GOOD")
    assert [view.name for view in find_views()][:3] == ["Phase diagram", "Elsewhere", "Watch it learn"]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (f"{__name__}:NO_VIEW", "it must be a curldescent.apps.explorer.view.View, got int"),
        (f"{__name__}:NESTED", "its path must be '/' and one word, got '/a/b'"),
        ("curldescent.apps.explorer.views.phase:VIEW", "its path '/' is that of 'Phase diagram'"),
        ("there_is_no_such_package.view:VIEW", "it cannot be loaded (ModuleNotFoundError"),
    ],
)
def test_a_view_that_cannot_be_shown_is_left_out_with_a_sentence(monkeypatch, target, sentence):
    elsewhere(monkeypatch, target)
    with pytest.warns(LeftOutWarning) as heard:
        found = find_views()
    assert len(found) == 6
    assert sentence in str(heard[0].message)
    assert str(heard[0].message).startswith(f"view 'theirs' ({target}) is left out: ")
