"""Files that are there whole or not at all, whatever dies in between."""

import contextlib
import os
from pathlib import Path
from uuid import uuid4

# Whoever finds such a name after a crash may delete it.
TEMPORARY = ".tmp-"


def write(path: Path, data: bytes) -> None:
    """Write a file so that it exists under its name only once all of it is on the disk.

    Written under a temporary name, flushed, synced, renamed; then the folder is synced, so that the name survives a
    power failure too. A failed write leaves nothing behind.

    Args:
        path: of the file; its folder exists.
        data: all of it.

    Raises:
        OSError: of the file system, a full disk for one.
    """
    temporary = path.with_name(f"{TEMPORARY}{path.name}-{os.getpid()}-{uuid4().hex[:8]}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows has no handle for it
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
