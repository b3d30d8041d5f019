"""What a view is. One file makes one; `registry` finds it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from curldescent.apps.explorer.state import ViewState

if TYPE_CHECKING:
    from curldescent.apps.explorer.page import Page


class Shown(Protocol):
    """One session of a view, as its class makes it from a `Page` and the state to begin with.

    Attributes:
        controls: a Panel layout of what `controls` offers.
        figures: a Bokeh layout of figures from `look`; downloads are pictures of it.
    """

    controls: Any
    figures: Any


@dataclass(frozen=True)
class View:
    """An entry of the explorer's navigation.

    Args:
        name: in the navigation, and the page's heading.
        intro: one or two sentences below it.
        state: what its links hold; its PATH is where it is found. Views with a POINT hand it to each other.
        show: makes one session of it, from its `Page` and a state; most often a class.
        place: where it stands in the navigation: the lowest comes first, those of other packages usually after 100.
        begins_with_controls: whether a phone shows the controls before anything else, since nothing is drawn without.
    """

    name: str
    intro: str
    state: type[ViewState]
    show: Callable[["Page", Any], Shown]
    place: int = 100
    begins_with_controls: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What all pages of a server share.

    Args:
        views: of the navigation, in its order.
        store: the folder of sweeps named on the command line; None for none.
    """

    views: tuple[View, ...]
    store: Path | None = None
