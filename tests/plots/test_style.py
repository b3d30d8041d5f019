import matplotlib as mpl
import pytest

from curldescent.plots import style


@pytest.fixture
def untouched():
    with mpl.rc_context():
        yield


def test_the_look_is_on_inside_and_gone_outside(untouched):
    mpl.rcParams["font.size"] = 17.0
    with style.figure_style():
        assert mpl.rcParams["font.size"] == 8
    assert mpl.rcParams["font.size"] == 17.0


def test_the_look_is_gone_after_an_error(untouched):
    mpl.rcParams["font.size"] = 17.0
    with pytest.raises(KeyError), style.figure_style():
        raise KeyError
    assert mpl.rcParams["font.size"] == 17.0


def test_a_backend_may_switch_interactive_mode_on_inside(untouched):
    mpl.interactive(False)
    with style.figure_style():
        mpl.interactive(True)  # as a notebook's backend does with its first figure
    assert mpl.is_interactive()
