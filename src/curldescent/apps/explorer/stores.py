"""Which stores may be opened: the one named on the command line, or those below the folder named there."""

from pathlib import Path

from curldescent.foundation.errors import InputError

_DEEPEST = 2
_MOST = 200


def list_stores(folder: Path | None) -> dict[str, Path]:
    """Name → folder of every store that a page may show.

    Args:
        folder: a store, or a folder with stores in it, at most two levels down; None for none.

    Returns:
        At most 200 stores, by their path relative to the folder; the folder's own name where it is a store itself.
        Links are not followed out of the folder.
    """
    if folder is None:
        return {}
    root = folder.resolve()
    if (root / "plan.json").is_file():
        return {root.name: root}
    found: dict[str, Path] = {}
    patterns = ["/".join(["*"] * depth) + "/plan.json" for depth in range(1, _DEEPEST + 1)]
    for plan in sorted(path for pattern in patterns for path in root.glob(pattern)):
        inside = plan.parent.resolve()
        if inside.is_relative_to(root) and len(found) < _MOST:
            found[plan.parent.relative_to(root).as_posix()] = inside
    return found


def find_store(folder: Path | None, name: str) -> Path:
    """The folder of a listed store.

    Args:
        folder: as in `list_stores`.
        name: as listed; anything else, a path among it, is refused.

    Raises:
        InputError: no store of that name is listed.
    """
    stores = list_stores(folder)
    if name not in stores:
        raise InputError(f"there is no store {name[:60]!r} in the folder that the explorer was started with")
    return stores[name]
