"""A computation that is no sweep: a function and plain arguments, its dataset kept in a file that says what made it."""

import inspect
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curldescent.foundation import optional, validation
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
            validation.integer(f"argument {self.split.count!r}", self.arguments.get(self.split.count), minimum=1)

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
        return xr.concat(parts, dim=self.split.dim, combine_attrs="identical")


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
    import xarray as xr

    path = path_of(folder, name)
    if not path.exists():
        return None
    try:
        with xr.open_dataset(path, engine="scipy") as file:
            data = file.load()
    except (OSError, ValueError, TypeError, KeyError, IndexError) as fault:
        raise InputError(f"{str(path)!r} cannot be read ({fault}); delete it to compute it again") from None
    return data if data.attrs.get(_STAMP) == computation.fingerprint else None


def keep(folder: Path, name: str, computation: Computation, data: "xr.Dataset") -> None:
    """Write a computation's dataset, whole or not at all."""
    from curldescent.foundation import durable
    from curldescent.foundation.writing import for_netcdf

    stamped = data.assign_attrs({_STAMP: computation.fingerprint})
    durable.write(path_of(folder, name), bytes(for_netcdf(stamped).to_netcdf(engine="scipy")))


def finish(folder: Path, name: str, computation: Computation, progress: Progress | None = None) -> "xr.Dataset":
    """Compute a dataset and keep it, going on from the parts of it that are kept.

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
    own = folder / f"{name}{_PARTS}"
    own.mkdir(exist_ok=True)
    done = []
    for number, part in enumerate(parts):
        found = kept(own, str(number), part)
        if found is None:
            found = part.compute(progress)
            keep(own, str(number), part, found)
            if progress is not None:
                progress.say(f"{name}: {number + 1} of {len(parts)}")
        done.append(found.drop_encoding().assign_attrs())
        done[-1].attrs.pop(_STAMP, None)
    data = computation.joined(done)
    keep(folder, name, computation, data)
    shutil.rmtree(own, ignore_errors=True)
    return data
