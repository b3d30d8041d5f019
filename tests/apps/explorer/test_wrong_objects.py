"""Starting the explorer with every wrong public object, and what it says, also where it cannot start."""

import subprocess
import sys

import pytest

import curldescent as cd
from tests.wrong_objects import cases, unlisted, walk

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

# function -> valid arguments; every one of them is exchanged for every object in turn
CALLS = {
    cd.explorer.serve: {"port": 0, "store": None, "browser": False},
    cd.explorer.static_page: {"file": "page.txt"},
}
# This is right, and serves without end.
LONG = {(cd.explorer.serve, "store", "nothing")}


@pytest.mark.slow
@pytest.mark.usefixtures("finished_sweep")
@pytest.mark.parametrize(("function", "name"), cases(CALLS))
@pytest.mark.filterwarnings("ignore")
def test_wrong_objects_get_one_sentence(function, name):
    walk(CALLS, function, name, LONG)


def test_every_public_function_is_listed():
    assert not unlisted(cd.explorer, CALLS)


def test_a_store_to_browse_is_a_folder():
    with pytest.raises(cd.InputError, match="the folder of a sweep's store, or of several"):
        cd.explorer.serve(store=3)


def test_the_explorer_is_there_without_importing_it():
    code = (
        "import curldescent as cd; cd.explorer.static_page; assert 'explorer' in dir(cd); cd.explorer.static_page('x')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "InputError: the static page must be a file ending in .html, got 'x'" in ended.stderr


@pytest.mark.parametrize("call", [lambda: cd.explorer.static_page("a.html"), lambda: cd.explorer.serve(browser=False)])
def test_the_explorer_without_panel_says_what_it_needs(call, monkeypatch):
    monkeypatch.setattr("curldescent.foundation.optional.find_spec", lambda module: None)
    with pytest.raises(
        cd.InputError, match=r"the explorer needs Panel and Bokeh: pip install 'curldescent\[explore\]'"
    ):
        call()
