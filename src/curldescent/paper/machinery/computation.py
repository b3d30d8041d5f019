"""A computation that is no sweep: a function and plain arguments, its dataset kept in a file that says what made it."""

import contextlib
import inspect
import io
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curldescent.foundation import durable, optional, validation
from curldescent.foundation.canonical import canonical, digest
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Progress

if TYPE_CHECKING:
    import xarray as xr

_SUFFIX = ".nc"
# A folder beside it, while a computation that is split is not whole.
_PARTS = ".parts"
_STAMP = "fingerprint"


@dataclass(frozen=True)
class Split:
    """How a computation falls into parts, each of which is kept when it is done.

    Args:
        count: the argument that says how many parts there are; the function does not get it.
        index: the argument of the function that says which part it is asked for, from 0 on.
        dim: the dimension along which the parts' datasets are joined.
    """

    count: str
    index: str
    dim: str


@dataclass(frozen=True)
class Computation:
    """A function of a module and its arguments: what the sweep engine has no words for.

    Args:
        function: at the top level of its module, so that another process can import it; returns an xarray.Dataset of
            numbers and text. The same arguments give the same dataset.
        arguments: plain data, keyword arguments.
        identity: the name that kept results know the function by. It stays when the function is moved or renamed, and
            no other function has it; those that begin with "curldescent.paper." are where the function first was.
        needs: optional modules that it imports, keys of `optional.PACKAGES`; asked for before anything is computed.
        version: raise it when the function, or the default of one of its arguments, comes to mean something else, so
            that kept results are not taken for it.
        split: into parts, for what takes long; None to compute it in one go. No result depends on it.
    """

    function: "Callable[..., xr.Dataset]"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    _: KW_ONLY
    identity: str
    version: int = 1
    needs: Sequence[str] = ()
    split: Split | None = None

    def __post_init__(self) -> None:
        where = "a function at the top level of a module, which returns an xarray.Dataset"
        validation.function("function", self.function, where)
        name = str(getattr(self.function, "__qualname__", "<"))
        # What another process, or the same one tomorrow, could not find again.
        if "<" in name or not hasattr(self.function, "__module__"):
            raise InputError(f"function must be {where}, got {validation.shown(self.function)}")
        validation.text("identity", self.identity)
        validation.mapping("arguments", self.arguments, "a mapping from argument names to plain data")
        validation.integer("version", self.version, minimum=1)
        if isinstance(self.needs, str) or not isinstance(self.needs, Sequence):
            raise InputError(f"needs must be a list of modules, got {validation.shown(self.needs)}")
        for module in self.needs:
            validation.choice("a module that is needed", module, tuple(optional.PACKAGES))
        if self.split is not None:
            validation.instance("split", self.split, Split, "a Split(count, index, dim)")
            self._check_split(self.split)

    def _check_split(self, split: Split) -> None:
        for name in ("count", "index", "dim"):
            validation.text(f"split's {name}", getattr(split, name))
        validation.integer(f"argument {split.count!r}", self.arguments.get(split.count), minimum=1)
        parameters = inspect.signature(self.function).parameters
        if split.index in self.arguments:
            raise InputError(f"argument {split.index!r} says which part is meant and cannot be given")
        if split.count in parameters:
            raise InputError(f"argument {split.count!r} is the number of parts, which the function must not ask for")
        anything = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values())
        if split.index not in parameters and not anything:
            raise InputError(f"the function must have an argument {split.index!r}, which says what part is meant")

    @property
    def fingerprint(self) -> str:
        """A hash of everything that determines the dataset: arguments as far as they differ from their defaults."""
        parameters = inspect.signature(self.function).parameters
        given = {n: v for n, v in self.arguments.items() if n not in parameters or not _same(v, parameters[n].default)}
        return digest(canonical({"function": self.identity, "arguments": given, "version": self.version}))

    @property
    def parts(self) -> "list[Computation]":
        """Of a computation that is split, each a computation of its own; empty otherwise."""
        if self.split is None:
            return []
        given = {name: value for name, value in self.arguments.items() if name != self.split.count}
        numbers = range(self.arguments[self.split.count])
        return [replace(self, arguments={**given, self.split.index: number}, split=None) for number in numbers]

    def compute(self, progress: Progress | None = None) -> "xr.Dataset":
        """Call the function, for every part where it is split.

        Args:
            progress: given to a function that has an argument of that name, which no result depends on.
        """
        if self.split is not None:
            return self.joined([part.compute(progress) for part in self.parts])
        told = {"progress": progress} if "progress" in inspect.signature(self.function).parameters else {}
        return self.function(**self.arguments, **told)

    def joined(self, parts: "Sequence[xr.Dataset]") -> "xr.Dataset":
        """The dataset of a computation that is split, from those of its parts."""
        import xarray as xr

        assert self.split is not None
        try:
            return xr.concat(parts, dim=self.split.dim, combine_attrs="identical", join="exact")
        except ValueError as fault:
            raise InputError(f"the parts of {self.identity!r} do not fit together: {fault}") from None


def _same(value: Any, default: Any) -> bool:
    try:
        return canonical(value) == canonical(default)
    except TypeError:  # no default, or one that is no plain data
        return False


def path_of(folder: Path, name: str) -> Path:
    """The file of a computation."""
    return folder / f"{name}{_SUFFIX}"


def kept(folder: Path, name: str, computation: Computation) -> "xr.Dataset | None":
    """Read a computation's dataset.

    Args:
        folder: of the data.
        name: of the computation.
        computation: what should have made it.

    Returns:
        The dataset, in memory; None where there is no file, or one that other arguments made.

    Raises:
        InputError: the file cannot be read.
    """
    path = path_of(folder, name)
    if not path.exists():
        return None
    try:
        data = _read(path)
    except FileNotFoundError:  # put away since by another process
        return None
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as fault:
        reason = str(fault).strip().splitlines()[:1] or [type(fault).__name__]
        raise InputError(f"{str(path)!r} cannot be read ({reason[0]}); delete it to compute it again") from None
    return data if data.attrs.get(_STAMP) == computation.fingerprint else None


def keep(folder: Path, name: str, computation: Computation, data: "xr.Dataset") -> None:
    """Write a computation's dataset, whole or not at all."""
    durable.write(path_of(folder, name), _written(computation, data))


def parts_of(folder: Path, name: str) -> Path:
    """The folder of the parts of a computation that is not whole."""
    return folder / f"{name}{_PARTS}"


def copy_parts(source: Path, target: Path, name: str, computation: Computation) -> int | None:
    """Bring the parts of a computation that is not whole to another folder, beside those that are there.

    Args:
        source: folder of data.
        target: another one.
        name: of the computation.
        computation: what should have made them; nothing is copied of one that is not split.

    Returns:
        How many were copied; None where there are none to copy.

    Raises:
        InputError: a part's file cannot be read.
    """
    ours, theirs = parts_of(source, name), parts_of(target, name)
    there = copied = 0
    for number, part in enumerate(computation.parts):
        data = kept(ours, str(number), part)
        if data is None:
            continue
        there += 1
        if kept(theirs, str(number), part) is None:
            theirs.mkdir(parents=True, exist_ok=True)
            keep(theirs, str(number), part, data)
            copied += 1
    return copied if there else None


def put_away(folder: Path, name: str) -> None:
    """Delete the parts of a computation that is whole."""
    shutil.rmtree(parts_of(folder, name), ignore_errors=True)


def finish(folder: Path, name: str, computation: Computation, progress: Progress | None = None) -> "xr.Dataset":
    """Compute a dataset and keep it, going on from the parts of it that are kept.

    Several processes may do so at once in the same folder.

    Args:
        folder: of the data.
        name: of the computation.
        computation: what to compute.
        progress: told of finished parts, and given to the function.

    Returns:
        The dataset.
    """
    parts = computation.parts
    if not parts:
        data = computation.compute(progress)
        keep(folder, name, computation, data)
        return data
    own = parts_of(folder, name)
    done = []
    for number, part in enumerate(parts):
        found = kept(own, str(number), part)
        if found is None:
            # Another process may have finished meanwhile, and put the parts away.
            whole = kept(folder, name, computation)
            if whole is not None:
                return whole
            content = _written(part, part.compute(progress))
            own.mkdir(exist_ok=True)
            # The folder is gone where another process has put it away just now.
            with contextlib.suppress(FileNotFoundError):
                durable.write(path_of(own, str(number)), content)
            # As it was kept, so that the whole does not depend on which parts were there before.
            found = _read(io.BytesIO(content))
            if progress is not None:
                progress.say(f"{name}: {number + 1} of {len(parts)}")
        done.append(found.drop_encoding().assign_attrs())
        done[-1].attrs.pop(_STAMP, None)
    data = computation.joined(done)
    keep(folder, name, computation, data)
    put_away(folder, name)
    return data


def _written(computation: Computation, data: "xr.Dataset") -> bytes:
    """The content of the file of a dataset, which says what made it."""
    from curldescent.foundation.writing import for_netcdf

    return bytes(for_netcdf(data.assign_attrs({_STAMP: computation.fingerprint})).to_netcdf(engine="scipy"))


def _read(file: "Path | io.BytesIO") -> "xr.Dataset":
    import xarray as xr

    with xr.open_dataset(file, engine="scipy") as opened:
        return opened.load()
