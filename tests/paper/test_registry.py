"""Figures by name, and what every one of them owes."""

import pytest

from curldescent import paper
from curldescent.foundation.errors import InputError
from curldescent.paper import Computation, figure, figures
from curldescent.paper.machinery.claims import ORIGINS, SCALES
from curldescent.paper.runs import registry
from curldescent.paper.runs.registry import matching
from curldescent.sweeps.description.preflight import check

EVERY = figures()


def test_the_list_is_a_function_after_its_figures_were_imported() -> None:
    # A folder "figures" would take the function's place in the package as soon as one of its modules is imported.
    assert paper.figures is registry.figures
    assert paper.figures() == EVERY


def test_names_are_unique() -> None:
    names = [name.lower() for f in EVERY for name in (f.key, *f.aliases)]
    assert len(names) == len(set(names))


# The scales between the smallest and the largest are theirs in all but their numbers.
@pytest.mark.parametrize(
    "scale", [pytest.param(s, marks=pytest.mark.slow if s in ("standard", "subset") else ()) for s in SCALES]
)
@pytest.mark.parametrize("one", EVERY, ids=lambda f: f.key)
def test_experiments_can_run_at_every_scale(one, scale) -> None:
    experiments = one.at(scale)
    assert experiments
    for name, experiment in experiments.items():
        if isinstance(experiment, Computation):
            assert experiment.fingerprint == one.at(scale)[name].fingerprint
        else:
            check(experiment)


@pytest.mark.parametrize("one", EVERY, ids=lambda f: f.key)
def test_claims_are_stated(one) -> None:
    assert one.origin in ORIGINS
    assert one.claims
    names = [claim.name for claim in one.claims]
    assert len(names) == len(set(names))
    for claim in one.claims:
        assert claim.statement.endswith(".")
        assert all(change.endswith(".") for change in claim.changes)
        assert not claim.criterion.endswith(".")
        assert not claim.refuted.endswith(".")
        # What was fixed after a look says so by its day; what was changed was fixed before, if on the same day.
        assert all(change[:10] >= claim.fixed for change in claim.changes)


@pytest.mark.parametrize("one", EVERY, ids=lambda f: f.key)
def test_a_subset_is_cells_of_the_papers_own(one) -> None:
    """Whatever else it leaves out: a cell of the subset is computed as at the paper's scale, with the same students."""
    theirs = one.at("paper")
    for name, experiment in one.at("subset").items():
        if isinstance(experiment, Computation):
            assert experiment.fingerprint == theirs[name].fingerprint
            continue
        assert experiment.settings.fingerprint == theirs[name].settings.fingerprint
        cells = {theirs[name].seed_text(index) for index in theirs[name].grid.indices()}
        assert {experiment.seed_text(index) for index in experiment.grid.indices()} <= cells


@pytest.mark.parametrize("name", ["fig3a", "3a", "FIG3A", "figure 3a", "Fig. 3a"])
def test_spellings(name: str) -> None:
    assert figure(name).key == "fig3a"


def test_all_means_all() -> None:
    assert matching("all") == EVERY


def test_unknown_names_get_a_hint() -> None:
    with pytest.raises(InputError, match=r"there is no figure 'fig3x', accepted are all, .*did you mean 'fig3"):
        matching("fig3x")
