"""Results of all trials of a problem: what every analysis returns where it is asked about more than one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar, overload

import numpy as np

from curldescent.foundation import quantities, representation
from curldescent.foundation.progress import Progress, checked
from curldescent.learning.fields.subjects import subject_fields
from curldescent.model.problem import Problem


class HasColumns(Protocol):
    """A result of one trial that says what a table over trials shows of it."""

    COLUMNS: ClassVar[Mapping[str, tuple[str, ...]]]
    """Attributes to the names of their own dimensions, () for single values; the first is what a count goes by."""


Result = TypeVar("Result", bound=HasColumns)


@dataclass(frozen=True, eq=False)
class Trials(Sequence[Result], Generic[Result]):
    """One result per trial of a problem; a sequence of them, with every attribute of theirs over trials.

    Attributes:
        results: the trials' results, (T,). Any attribute of theirs is one of the sequence's too: an array (T, …), or a
            tuple where they are words or of different shapes.

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=6, n_hidden=8, n_train=40, trials=2)
        >>> found = cd.analysis.curl(problem, cd.Plasticity(readout=0.5), trial=None)
        >>> found, found.antisymmetric.shape, found[1].exact
        (Trials(2 CurlShare), (2,), True)
        >>> found.to_dataset().antisymmetric.dims
        ('trial',)
    """

    results: tuple[Result, ...]

    @overload
    def __getitem__(self, trial: int) -> Result: ...
    @overload
    def __getitem__(self, trial: slice) -> "Trials[Result]": ...
    def __getitem__(self, trial: int | slice) -> "Result | Trials[Result]":
        return Trials(self.results[trial]) if isinstance(trial, slice) else self.results[trial]

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[Result]:
        return iter(self.results)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "results":
            raise AttributeError(name)
        values = tuple(getattr(result, name) for result in self.results)
        if any(isinstance(value, str) or callable(value) for value in values):
            return values
        try:
            return np.array(values)
        except ValueError:  # of different shapes
            return values

    def to_dataset(self) -> Any:
        """The results as an `xarray.Dataset` over `trial`."""
        import xarray as xr

        columns = {name: (("trial", *own), list(getattr(self, name))) for name, own in self._columns().items()}
        data = xr.Dataset(columns, coords={"trial": np.arange(len(self.results))})
        return quantities.labelled(data, of=type(self.results[0]).__name__ if self.results else "")

    def _columns(self) -> Mapping[str, tuple[str, ...]]:
        return self.results[0].COLUMNS if self.results else {}

    def __repr__(self) -> str:
        first = next(iter(self._columns()), None)
        words = [getattr(result, first) if first else None for result in self.results]
        if not all(isinstance(word, str) for word in words) or first is None:
            words = [type(result).__name__ for result in self.results]
        return f"Trials({', '.join(f'{words.count(word)} {word}' for word in dict.fromkeys(words))})"

    def _repr_html_(self) -> str:
        names = [name for name, own in self._columns().items() if own == ()]
        rows = (
            (str(trial), *(_short(getattr(result, name)) for name in names))
            for trial, result in enumerate(self.results)
        )
        return representation.html_columns("Trials", ("trial", *names), rows)

    def __str__(self) -> str:
        return "\n".join(f"trial {number}: {result}" for number, result in enumerate(self.results))


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def each_trial(
    analysis: Callable[..., Result],
    subject: object,
    rule: object,
    trial: object,
    *,
    progress: Progress | None = None,
    **options: Any,
) -> Result | Trials[Result]:
    """An analysis of one field for what a user asks about.

    Args:
        analysis: of one field, whose own `progress` it tells how far it is.
        subject: a field, or a problem.
        rule: the plasticity of a problem.
        trial: of a problem; None: all of them, where it has a trial axis.
        progress: told how many trials are done, where there are several; of a single one, what its analysis tells.
        **options: of a problem, as in `curldescent.field`.

    Returns:
        The result, or one per trial.

    Raises:
        InputError: as `curldescent.learning.fields.subjects.subject_field`.
    """
    shown = checked(progress)
    fields, several = subject_fields(subject, rule, trial, **options)
    if not several:
        return analysis(next(fields).told(shown))
    assert isinstance(subject, Problem)
    return Trials(tuple(one_by_one(fields, analysis, subject.trials, shown)))


def one_by_one(subjects: Iterable[Any], analysis: Callable[[Any], Any], count: int, progress: Progress) -> list[Any]:
    """Analyse one after the other and say how many are done.

    Args:
        subjects: of the analysis.
        analysis: of one.
        count: how many there are.
        progress: told.

    Returns:
        The results.
    """
    progress.start(count, "trials")
    results = []
    for one in subjects:
        results.append(analysis(one))
        progress.update(len(results))
    progress.finish()
    return results
