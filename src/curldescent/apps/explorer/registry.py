"""Which views there are: every file in `views/`, and what other packages add.

Another package names its view in its own pyproject.toml, where it is found once that package is installed:

    [project.entry-points."curldescent.explorer_views"]
    mine = "my_package.my_view:VIEW"
"""

import pkgutil
import warnings
from importlib import import_module
from importlib.metadata import entry_points

from curldescent.apps.explorer import views as own
from curldescent.apps.explorer.view import View

GROUP = "curldescent.explorer_views"


class LeftOutWarning(UserWarning):
    """A view of another package that cannot be shown."""


def find_views() -> tuple[View, ...]:
    """All views, in the order of the navigation.

    Returns:
        The `VIEW` of every module in `views/`, and those that the entry points of other packages name.

    Warns:
        LeftOutWarning: a view of another package that cannot be loaded, is no `View`, or wants a path that is taken.
            The explorer goes on without it.

    Example:
        >>> [view.name for view in find_views()][:2]
        ['Phase diagram', 'Watch it learn']
    """
    modules = sorted(module.name for module in pkgutil.iter_modules(own.__path__))
    found: list[View] = [import_module(f"{own.__name__}.{name}").VIEW for name in modules]
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            view = entry.load()
            fault = _fault(view, found)
        except Exception as problem:
            # Whatever another package raises while it is imported is its own, and no reason to show nothing.
            fault = f"it cannot be loaded ({type(problem).__name__}: {problem})"
        if fault:
            warnings.warn(f"view {entry.name!r} ({entry.value}) is left out: {fault}", LeftOutWarning, stacklevel=2)
        else:
            found.append(view)
    return tuple(sorted(found, key=lambda view: view.place))


def _fault(view: object, found: list[View]) -> str:
    if not isinstance(view, View):
        return f"it must be a curldescent.apps.explorer.view.View, got {type(view).__name__}"
    path = view.state.PATH
    if not path.startswith("/") or "/" in path[1:]:
        return f"its path must be '/' and one word, got {path!r}"
    taken = next((other.name for other in found if path == other.state.PATH), None)
    return "" if taken is None else f"its path {path!r} is that of {taken!r}"
