"""One run at a time on a store: a lock that the operating system lets go of when its process dies.

Where the file system has no such locks, the mere existence of a file is the lock, and the process it names is asked
whether it still lives.
"""

import contextlib
import errno
import json
import os
import platform
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from curldescent.foundation.errors import InputError
from curldescent.sweeps.storage import own_names, plain_files

# What file systems answer that do not know advisory locks: FUSE and Lustre, NFS without its lock daemon, 9p.
_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
_HELD = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a store's lock inside a ``with`` block.

    Args:
        folder: of the store, or one that is to become a store; others are refused before anything is written.

    Raises:
        InputError: another process holds it (the sentence names the process), or it is the folder of something else.
        OSError: of the file system.
    """
    _refuse_foreign(folder)
    path = folder / own_names.LOCK
    handle = plain_files.open_file(path, os.O_RDWR | os.O_CREAT)
    with ExitStack() as stack:
        stack.callback(os.close, handle)
        if os.fstat(handle).st_nlink > 1:
            raise plain_files.NotPlain(f"{str(path)!r} is also known by another name; delete this one and run again")
        if not own_names.is_own_text(path):
            raise plain_files.NotPlain(f"{str(path)!r} is not a store's lock; it is not touched: move it away")
        try:
            taken = _acquire(handle)
        except OSError as fault:
            raise OSError(fault.errno, f"the store cannot be locked ({fault.strerror})", str(path)) from None
        how = "wait for it, or stop it first"
        if taken is None:
            taken = stack.enter_context(_by_existence(folder))
            how += f"; if it runs no more, delete {str(folder / own_names.SOFT_LOCK)!r}"
        if not taken:
            holder = _name(os.pread(handle, 1000, 0) if hasattr(os, "pread") else os.read(handle, 1000))
            raise InputError(f"store {str(folder)!r} is in use by {holder}; {how}")
        with contextlib.suppress(OSError):  # a full disk: the lock holds, only its holder's name is missing
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps({"process": os.getpid(), "machine": platform.node()}).encode())
        yield


def _refuse_foreign(folder: Path) -> None:
    from curldescent.sweeps.storage import plan_file

    own_names.refuse_foreign(folder)
    if plain_files.is_file(folder / own_names.PLAN):
        plan_file.read(folder)


def _acquire(handle: int) -> bool | None:
    """Whether the lock was free; None where the file system has none."""
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
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        if fault.errno in _HELD:
            return False
        if fault.errno in _NO_LOCKS:
            return None
        raise
    return True


@contextmanager
def _by_existence(folder: Path) -> Iterator[bool]:
    """The other lock: a file that names its process; one that a dead process of this machine left is taken over."""
    from filelock import SoftFileLock, Timeout

    warnings.warn(
        f"the file system of {str(folder)!r} has no locks: {own_names.SOFT_LOCK!r} stands for one. Processes of other "
        "machines that died cannot be told from living ones; delete the file after such a one",
        stacklevel=6,
    )
    plain_files.is_file(folder / own_names.SOFT_LOCK)
    lock = SoftFileLock(str(folder / own_names.SOFT_LOCK))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _name(holder: bytes) -> str:
    try:
        content = plain_files.strict_json(holder)
        return f"process {int(content['process'])} on {str(content['machine'])[:100]!r}"
    except (ValueError, KeyError, TypeError):
        return "another process"
