"""Files that are there whole or not at all, whatever dies in between."""

import contextlib
import errno
import os
import re
import stat
from pathlib import Path
from uuid import uuid4

# Whoever finds such a name after a crash may delete it.
TEMPORARY = ".tmp-"
_TEMPORARY = re.compile(re.escape(TEMPORARY) + r"(?P<name>.+)-\d+-[0-9a-f]{8}")
# What file systems answer that have no such thing as syncing; a full or broken disk answers otherwise.
_NO_SYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF}
# A folder may also be one that may be written but not read.
_NO_FOLDER_SYNC = {*_NO_SYNC, errno.EACCES, errno.EPERM, errno.EISDIR}


def temporary_name(name: str) -> str:
    """A name that nobody else uses, for what is to be renamed to `name` once it is whole."""
    return f"{TEMPORARY}{name}-{os.getpid()}-{uuid4().hex[:8]}"


def leftover_of(name: str) -> str | None:
    """What a name of `temporary_name` was to become; None for other names.

    Example:
        >>> leftover_of(".tmp-plan.json-4711-0123abcd"), leftover_of(".tmp-notes.txt")
        ('plan.json', None)
    """
    found = _TEMPORARY.fullmatch(name)
    return None if found is None else found["name"]


def write(path: Path, data: bytes) -> None:
    """Write a file so that it exists under its name only once all of it is on the disk.

    Written under a temporary name, flushed, synced, renamed; then the folder is synced, so that the name survives a
    power failure too. A failed write leaves nothing behind. A file that is replaced passes its permissions on; a link
    is replaced, not followed.

    Args:
        path: of the file; its folder exists.
        data: all of it.

    Raises:
        OSError: of the file system, a full disk for one.
    """
    temporary = path.with_name(temporary_name(path.name))
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            sync(file.fileno())
        replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def replace(temporary: Path, path: Path) -> None:
    """Give a finished file its name, with the permissions of a file that had it, and make the name durable.

    Args:
        temporary: the file, in the same folder.
        path: its name.

    Raises:
        OSError: of the file system.
    """
    with contextlib.suppress(OSError):
        before = os.lstat(path).st_mode
        if stat.S_ISREG(before):
            temporary.chmod(stat.S_IMODE(before))
    os.replace(temporary, path)
    sync_folder(path.parent)


def sync(handle: int) -> None:
    """Bring a file to the disk, where the file system can."""
    try:
        os.fsync(handle)
    except OSError as fault:
        if fault.errno not in _NO_SYNC:
            raise


def sync_file(path: Path) -> None:
    """Bring a file that others have written to the disk, where the file system can."""
    handle = os.open(path, os.O_RDONLY)
    try:
        sync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows has no handle for it
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as fault:
        if fault.errno not in _NO_FOLDER_SYNC:
            raise
