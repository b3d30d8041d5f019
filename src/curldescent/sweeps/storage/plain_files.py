"""Plain files and plain folders: what a store consists of, and all that is ever read or written in one.

A store may come from a stranger, or lie where a user keeps other things. Links are therefore never followed inside it,
pipes and devices never opened, and nothing is overwritten or deleted that is not known to be a store's own.
"""

import contextlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from curldescent.foundation.errors import InputError

# Windows has no such flags, and no pipes among its files.
_NO_SURPRISES = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

_KINDS = {
    stat.S_ISREG: "a file",
    stat.S_ISDIR: "a folder",
    stat.S_ISLNK: "a link",
    stat.S_ISFIFO: "a pipe",
    stat.S_ISSOCK: "a socket",
}


class NotPlain(InputError):
    """A link, a pipe, a folder in the place of a file: something that a store never makes under that name."""


def kind(path: Path) -> str | None:
    """What has a name, "a file", "a folder", "a link", …, without following links; None where there is nothing."""
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    return next((name for test, name in _KINDS.items() if test(mode)), "a device")


def is_file(path: Path) -> bool:
    """Whether there is a plain file; anything else under its name is refused."""
    return _is(path, "a file")


def is_folder(path: Path) -> bool:
    """Whether there is a plain folder; anything else under its name is refused."""
    return _is(path, "a folder")


def _is(path: Path, wanted: str) -> bool:
    found = kind(path)
    if found not in (None, wanted):
        raise NotPlain(f"{str(path)!r} is {found} where a store keeps {wanted}; it is not touched: move it away")
    return found is not None


def make_folder(path: Path) -> bool:
    """Make sure that there is a plain folder; returns whether it was made."""
    if is_folder(path):
        return False
    try:
        path.mkdir()
    except FileExistsError:  # another worker was faster
        is_folder(path)
        return False
    return True


def open_file(path: Path, flags: int, mode: int = 0o666) -> int:
    """A descriptor of a plain file; the caller closes it.

    Args:
        path: of the file.
        flags: of `os.open`.
        mode: of a file that is made, before the umask.

    Returns:
        The descriptor.

    Raises:
        NotPlain: something else has the name.
        OSError: of the file system.
    """
    is_file(path)  # before opening: to open a device may do something
    handle = os.open(path, flags | _NO_SURPRISES, mode)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        is_file(path)
        raise NotPlain(f"{str(path)!r} changes while it is read")
    return handle


def read(path: Path, *, most: int) -> bytes:
    """All bytes of a plain file.

    Args:
        path: of the file.
        most: bytes; a larger file is refused unread.

    Returns:
        The bytes.

    Raises:
        NotPlain: something else has the name, or the file is too large to be what it should.
        OSError: of the file system, a missing file for one.
    """
    with os.fdopen(open_file(path, os.O_RDONLY), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise NotPlain(f"{str(path)!r} has {size} bytes, at most {most} are expected")
        return file.read(size + 1)


def strict_json(data: bytes) -> Any:
    """JSON as this library writes it: UTF-8, no name twice, no NaN, no half characters.

    Raises:
        ValueError: anything else, nesting without end included.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a name stands there twice")
        return dict(pairs)

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is no number")

    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse)
        if b"\\ud" in data.lower():
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate can be neither printed nor stored
        return value
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What is in a plain folder; nothing where there is none."""
    if is_folder(folder):
        with os.scandir(folder) as found:
            yield from found


def leftovers(folder: Path, ours: Callable[[str], bool]) -> list[str]:
    """Everything below a folder that is not a plain file of ours.

    Args:
        folder: a plain one, or none.
        ours: says so of a path relative to it, with slashes.

    Returns:
        Relative paths, sorted; folders that hold only files of ours are none.
    """
    return sorted(
        name for name, entry in _below(folder, "") if not (entry.is_file(follow_symlinks=False) and ours(name))
    )


def remove(folder: Path, ours: Callable[[str], bool]) -> None:
    """Delete our files below a folder, then the folders that became empty; the rest stays.

    Args:
        folder: a plain one, or none.
        ours: says so of a path relative to it.
    """
    if not is_folder(folder):
        return
    for name, entry in list(_below(folder, "")):
        if entry.is_file(follow_symlinks=False) and ours(name):
            os.unlink(entry.path)
    # os.walk lists links to folders but does not enter them; rmdir refuses them, and folders that hold something.
    for parent, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(parent)


def _below(folder: Path, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every entry below a folder that is not itself a plain folder."""
    for entry in entries(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path), f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry
