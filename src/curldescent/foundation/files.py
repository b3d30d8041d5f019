"""Files that a user names: there, ordinary and readable, or refused in a sentence."""

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

from curldescent.foundation import memory, validation
from curldescent.foundation.errors import InputError

# A description of an experiment is kilobytes; with explicit matrices in it, megabytes.
_LONGEST_TOML = 64 * 2**20


# What every file system in use takes for one name, in bytes.
_LONGEST_NAME = 255


def named(name: str, value: object, accepted: str) -> Path:
    """A path that a user gave, whether or not something is there.

    Args:
        name: of the argument.
        value: text, or a path of `pathlib`.
        accepted: what it should be and how to get one, for the message.

    Returns:
        The path.

    Raises:
        InputError: anything that is no path, or a path that no file can have.

    Example:
        >>> named("store", "results/one", "the folder of a sweep").name
        'one'
    """
    path = value
    # `fspath` of an object that is no path may do anything, and bytes are no path of `pathlib`.
    if isinstance(value, os.PathLike) and not isinstance(value, type):
        try:
            path = os.fspath(value)
        except TypeError:
            path = None
    if not isinstance(path, str):
        what = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
        raise InputError(f"{name} must be {accepted}, as text or a pathlib.Path, got {what}")
    if not path:
        raise InputError(f"{name} must be {accepted}, got an empty name")
    if "\0" in path or max(len(os.fsencode(part)) for part in path.split(os.sep)) > _LONGEST_NAME:
        raise InputError(f"{name} must be {accepted}; no file can be called {validation.shown(path)}")
    return Path(path)


def regular(path: Path, *, what: str) -> int:
    """Refuse a path that is no ordinary, readable file.

    Args:
        path: what the user gave; links are followed.
        what: it should be, for the message.

    Returns:
        Its size in bytes.

    Raises:
        InputError: missing, a folder, a pipe or device, not readable, or a name that no file can have.
    """
    shown = f"{what} {validation.shown(str(path))}"
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{shown} does not exist") from None
    except ValueError:
        raise InputError(f"{shown} does not exist; no file can have such a name") from None
    except OSError as fault:
        raise InputError(f"{shown} cannot be read: {fault.strerror}") from None
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{shown} is a folder, not a file")
    if not stat.S_ISREG(found.st_mode):
        raise InputError(f"{shown} is a pipe or a device, not a file")
    if not os.access(path, os.R_OK):
        raise InputError(f"{shown} cannot be read: permission denied")
    return found.st_size


def read_toml(path: Path, *, what: str) -> dict[str, Any]:
    """The content of a TOML file.

    Args:
        path: what the user gave.
        what: it should be, for the message.

    Returns:
        Sections and entries.

    Raises:
        InputError: no ordinary file, too large, or not TOML.
    """
    size = regular(path, what=what)
    shown = f"{what} {validation.shown(str(path))}"
    if size > _LONGEST_TOML:
        raise InputError(
            f"{shown} must be at most {memory.in_gigabytes(_LONGEST_TOML)} long, got {memory.in_gigabytes(size)}; "
            "large arrays go through Python"
        )
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as fault:
        raise InputError(f"{shown} cannot be read: {fault.strerror}") from None
    except RecursionError:
        raise InputError(f"{shown} is not TOML that can be read: it is nested too deeply") from None
    except ValueError as fault:  # not TOML, not UTF-8, or a whole number too long for Python
        raise InputError(f"{shown} is not TOML: {' '.join(str(fault).split())[:300]}") from None
