"""Compiled kernels kept for the next process. A cache may cost time, never a result.

Numba's own cache trusts what it finds: an empty or truncated file ends every run, a flipped bit is executed, a folder
that nobody can write forbids the import, and a kernel is not compiled again when a file it calls has changed. Here

- a file's name is a digest of everything its machine code depends on: the sources of all kernels, the signature, the
  CPU with its features, the versions of Python, Numba and LLVM. Nothing stale is ever asked for.
- a file begins with the digest of its content, and is compiled anew where the two differ;
- files hold pickles, which can run code when they are read: only those are read that nobody but this user (or root)
  could have written;
- whatever goes wrong, the kernel is compiled as if there were no cache.
"""

import contextlib
import hashlib
import logging
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import caching, compiler, config, serialize

# Older files than the newest so many are deleted: those of earlier versions and of other CPUs.
KEPT = 64
_MAGIC = b"curldescent kernel 1\n"
_DIGEST = hashlib.sha256().digest_size
# Opening must not follow a link, nor wait for the other end of a pipe.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

_log = logging.getLogger("curldescent")


class KernelCache(caching._Cache):
    """Where Numba's dispatcher looks for a compiled function, and puts it.

    Args:
        function: the kernel.
    """

    # Said once in a process, however many kernels there are.
    _said = False

    def __init__(self, function: Callable[..., Any]) -> None:
        self._name = function.__qualname__
        self._enabled = True

    @property
    def cache_path(self) -> str:
        """The folder that is written first."""
        return str(next(folders(), ""))

    def enable(self) -> None:
        """Read and write from now on."""
        self._enabled = True

    def disable(self) -> None:
        """Neither read nor write from now on."""
        self._enabled = False

    def flush(self) -> None:
        """Nothing: what has been compiled anew has a name of its own."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function for these types, or None where it is not there or not intact."""
        if not self._enabled:
            return None
        try:
            # Numba's types and CPU are only known once the context has been filled.
            target_context.refresh()
            key = self._key(sig, target_context.codegen())
            for folder in folders():
                reduced = _read(folder / _file_name(self._name, key), key)
                if reduced is not None:
                    return compiler.CompileResult._rebuild(target_context, *reduced)
        except Exception as fault:
            _log.info("kernel %s is compiled anew: %s: %s", self._name, type(fault).__name__, fault)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled function in the first folder that takes it."""
        if not self._enabled or data.library.has_dynamic_globals:
            return
        reason = "no folder of this user's to keep them in"
        try:
            key = self._key(sig, data.codegen)
            content = serialize.dumps((key, data._reduce()))
            for folder in folders():
                try:
                    _write(folder / _file_name(self._name, key), content)
                except OSError as fault:
                    reason = f"{fault.strerror}: {fault.filename}"
                else:
                    return
        except Exception as fault:
            reason = f"{type(fault).__name__}: {fault}"
        if not KernelCache._said:
            KernelCache._said = True
            _log.warning("compiled kernels cannot be kept, every process compiles them anew (%s)", reason)

    def _key(self, sig: Any, codegen: Any) -> tuple[str, ...]:
        """Everything that the machine code depends on."""
        return (self._name, repr(sig), repr(codegen.magic_tuple()), *_ENVIRONMENT, _sources())


# Numba's switches change the code as well.
_ENVIRONMENT = (
    sys.version,
    numba.__version__,
    llvmlite.__version__,
    repr([getattr(config, name, None) for name in ("OPT", "BOUNDSCHECK", "DEBUGINFO_DEFAULT", "LOOP_VECTORIZE")]),
)


def _sources() -> str:
    """A digest of the files of this package: a kernel is inlined from several of them."""
    whole = hashlib.sha256()
    for file in sorted(resources.files(__package__).iterdir(), key=lambda file: file.name):
        if file.name.endswith(".py"):
            whole.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def _file_name(name: str, key: tuple[str, ...]) -> str:
    return f"{name}-{hashlib.sha256(repr(key).encode()).hexdigest()[:32]}.kernel"


def folders() -> Iterator[Path]:
    """The folders that kernels may be kept in, best first: those that only this user (or root) can write.

    ``NUMBA_CACHE_DIR`` where it is set, then the user's cache folder, then one below the folder for temporary files.
    """
    for place in (_of_numba, _of_user, _temporary):
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            folder = place()
            if folder is not None and _made(folder):
                yield folder


def _of_numba() -> Path | None:
    given = os.environ.get("NUMBA_CACHE_DIR")
    return Path(given, _own_name()).absolute() if given else None


def _of_user() -> Path | None:
    if sys.platform == "win32":
        home = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        home = str(Path.home() / "Library" / "Caches")
    else:
        # A relative XDG_CACHE_HOME is to be ignored, says its specification.
        given = os.environ.get("XDG_CACHE_HOME", "")
        home = given if Path(given).is_absolute() else str(Path.home() / ".cache")
    return Path(home, "curldescent") if home and Path(home).is_absolute() else None


def _temporary() -> Path:
    return Path(tempfile.gettempdir(), _own_name())


def _own_name() -> str:
    # Several users may share what is above it.
    return f"curldescent-{os.geteuid()}" if hasattr(os, "geteuid") else "curldescent"


def _made(folder: Path) -> bool:
    """Whether the folder is there, made where it was not, and nobody else can write into it."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _trusted(os.lstat(folder), stat.S_ISDIR)


def _trusted(info: os.stat_result, kind: Callable[[int], bool]) -> bool:
    """Whether it is what it should be, and only this user or root can have written it."""
    if not kind(info.st_mode):
        return False
    return not hasattr(os, "geteuid") or (info.st_uid in (0, os.geteuid()) and not info.st_mode & 0o022)


def _read(path: Path, key: tuple[str, ...]) -> Any:
    """What was reduced from a compiled function; None where the file is missing, damaged or somebody else's."""
    try:
        handle = os.open(path, _READ)
    except OSError:
        return None
    with open(handle, "rb") as file:
        if not _trusted(os.fstat(handle), stat.S_ISREG):
            return None
        whole = file.read()
    head, content = whole[: len(_MAGIC) + _DIGEST], whole[len(_MAGIC) + _DIGEST :]
    if head != _MAGIC + hashlib.sha256(content).digest():
        return None
    stored, reduced = pickle.loads(content)
    if stored != key:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # used, so not among the first to be deleted
    return reduced


def _write(path: Path, content: bytes) -> None:
    """Put a file in place whole, whoever else is writing it, and delete what has not been used for long."""
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".kernel", dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(_MAGIC + hashlib.sha256(content).digest() + content)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    with contextlib.suppress(OSError):
        newest_first = sorted(path.parent.glob("*.kernel"), key=lambda file: -file.lstat().st_mtime)
        for old in newest_first[KEPT:]:
            old.unlink()
