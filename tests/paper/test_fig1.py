"""Figure 1's claims on its own data and on data that contradict it."""

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from curldescent.paper.published import fig1

from .maps import results, verdicts

mpl.use("agg")


@pytest.fixture(scope="module")
def data():
    return {"fig1_toy": fig1.toy(), "fig1_hebbian": fig1.hebbian()}


def test_all_claims_hold_and_the_picture_draws(data) -> None:
    assert set(verdicts(fig1.FIGURE, results(**data)).values()) == {True}
    picture = fig1.draw(results(**data))
    assert len(picture.axes) == 5
    plt.close(picture)


def test_exchanged_rules_contradict_every_claim_about_two_weights(data) -> None:
    exchanged = data["fig1_toy"].assign_coords(rule=["CD", "GD"])
    found = verdicts(fig1.FIGURE, results(fig1_toy=exchanged, fig1_hebbian=data["fig1_hebbian"]))
    assert found.pop("Hebbian curl") is True
    assert set(found.values()) == {False}


def test_a_circuit_without_curl_contradicts_the_first_claim(data) -> None:
    flat = results(fig1_toy=data["fig1_toy"], fig1_hebbian=data["fig1_hebbian"] * 0)
    assert verdicts(fig1.FIGURE, flat)["Hebbian curl"] is False
