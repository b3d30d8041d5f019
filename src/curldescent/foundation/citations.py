"""What to cite for what was used: methods note their sources when they run, `cite` prints them.

The works are in references.bib. `use` is one set operation, so that it can stand in any function. What counts is what
ran in this process; the workers of a sweep have their own.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TextIO

from curldescent.foundation import validation
from curldescent.foundation.version import __version__

FORMS = ("text", "bibtex")
ALWAYS = ("ninou2025curl", "curldescent")

# Our own file, one field a line, with a field `purpose` that says what the work is cited for here.
_ENTRY = re.compile(r"^@\w+\{(?P<key>\w+),\n(?P<fields>.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  (?P<name>\w+) = \{(?P<value>.*)\},$", re.MULTILINE)
_VENUES = ("journal", "booktitle", "publisher", "howpublished")

_used: set[str] = set()


def use(*keys: str) -> None:
    """Note that methods or data with these references have been used.

    Args:
        keys: of entries in references.bib.
    """
    _used.update(keys)


@cache
def references() -> dict[str, str]:
    """Every entry of references.bib by its key, in the order of the file."""
    text = Path(__file__).with_name("references.bib").read_text(encoding="utf-8")
    return {found["key"]: found[0] for found in _ENTRY.finditer(text)}


def fields(entry: str) -> dict[str, str]:
    """The fields of one entry.

    Args:
        entry: of `references`.

    Returns:
        Values by name, without the braces that keep a title's or a group's spelling.
    """
    return {found["name"]: found["value"].strip("{}") for found in _FIELD.finditer(entry)}


def cited() -> dict[str, str]:
    """What is to be cited by now, by key: the paper and this software, then what ran, in the order of the file."""
    return {key: entry for key, entry in references().items() if key in ALWAYS or key in _used}


def cite(form: str = "text", *, file: TextIO | None = None) -> None:
    """Print what to cite for what was used in this process: the paper, this software, and every method that ran.

    Args:
        form: "text", one line a work with what it is cited for; or "bibtex".
        file: where to print; standard output by default.

    Raises:
        InputError: an unknown form.

    Example:
        >>> import curldescent as cd
        >>> cd.cite()  # doctest: +ELLIPSIS
        curl descent: Hugo Ninou, Jonathan Kadmon and N. Alex Cayco-Gajic (2025). Curl Descent: ...
    """
    validation.choice("form", form, FORMS)
    if file is not None:
        validation.methods("file", file, ("write",), "an open text file, or None for standard output")
    for key, entry in cited().items():
        if form == "bibtex":
            print(re.sub(r"^  purpose = .*\n", "", entry, flags=re.MULTILINE), end="\n\n", file=file)
        else:
            version = f" Version {__version__}." if key == "curldescent" else ""
            print(f"{_line(fields(entry))}{version}", file=file)


def _line(work: Mapping[str, str]) -> str:
    """A work as one line of a reference list, after what it is cited for."""
    names = [" ".join(reversed(name.split(", "))) for name in work["author"].split(" and ")]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    dated = f"{listed} ({work['year']})" if "year" in work else listed
    venue = next((work[name] for name in _VENUES if name in work), "")
    number = f"doi:{work['doi']}" if "doi" in work else ""
    if "eprint" in work:
        number = f"{work['archiveprefix']}:{work['eprint']}"
    return f"{work['purpose']}: {'. '.join(part for part in (dated, work['title'], venue, number) if part)}."
