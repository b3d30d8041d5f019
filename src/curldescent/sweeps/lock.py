"""One run at a time on a store: a lock that the operating system lets go of when its process dies."""

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curldescent.errors import InputError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a store's lock inside a ``with`` block.

    Args:
        folder: of the store.

    Raises:
        InputError: another process holds it; the sentence names the process.
    """
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _acquire(handle):
            holder = os.read(handle, 1000).decode("utf-8", "replace")
            raise InputError(f"store {str(folder)!r} is in use by {_name(holder)}; wait for it, or stop it first")
        with contextlib.suppress(OSError):  # a full disk: the lock holds, only its holder's name is missing
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps({"process": os.getpid(), "machine": platform.node()}).encode())
        yield
    finally:
        os.close(handle)


def _acquire(handle: int) -> bool:
    # Advisory locks belong to the open file: they vanish with the process, even one that is killed, and leave no
    # stale lock file to be cleaned up by hand.
    try:
        import fcntl
    except ImportError:  # Windows
        import importlib

        msvcrt = importlib.import_module("msvcrt")
        try:
            # Past the end of the text, so that the holder's name stays readable.
            os.lseek(handle, 4096, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        except OSError:
            os.lseek(handle, 0, os.SEEK_SET)
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _name(holder: str) -> str:
    try:
        content = json.loads(holder)
        return f"process {int(content['process'])} on {str(content['machine'])[:100]!r}"
    except (ValueError, KeyError, TypeError):
        return "another process"
