"""Citations with every wrong public object, and what they say."""

import pytest

import curldescent as cd
from tests.wrong_objects import cases, walk

pytestmark = pytest.mark.usefixtures("in_an_empty_folder")

# function -> valid arguments; every one of them is exchanged for every object in turn
CALLS = {cd.cite: {"form": "text", "file": None}}


@pytest.mark.slow
@pytest.mark.usefixtures("finished_sweep")
@pytest.mark.parametrize(("function", "name"), cases(CALLS))
@pytest.mark.filterwarnings("ignore")
def test_wrong_objects_get_one_sentence(function, name):
    walk(CALLS, function, name)


def test_a_file_to_print_to_is_an_open_one():
    with pytest.raises(cd.InputError, match="an open text file"):
        cd.cite(file="file.txt")
