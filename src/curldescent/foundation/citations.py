"""What to cite for what was used: methods note their sources when they run, `cite` prints them.

`use` is one set operation, so that it can stand in any function. What counts is what ran in this process; the workers
of a sweep have their own.
"""

from dataclasses import dataclass
from typing import TextIO

from curldescent.foundation import validation

FORMS = ("text", "bibtex")


@dataclass(frozen=True)
class Reference:
    """One work.

    Attributes:
        purpose: what it is cited for here.
        kind: BibTeX's: article, inproceedings, book, misc, software.
        authors: as BibTeX separates them, by " and ".
        title: of the work.
        year: of publication; None for unpublished software.
        venue: journal, proceedings or publisher, with volume and pages.
        identifier: "doi:…" or "arXiv:…", if there is one.
    """

    purpose: str
    kind: str
    authors: str
    title: str
    year: int | None
    venue: str = ""
    identifier: str = ""

    def text(self) -> str:
        """As one line of a reference list."""
        names = [
            " ".join(reversed([part.strip() for part in name.strip("{}").split(",")]))
            for name in self.authors.split(" and ")
        ]
        listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        dated = listed if self.year is None else f"{listed} ({self.year})"
        return ". ".join(part for part in (dated, self.title, self.venue, self.identifier) if part) + "."

    def bibtex(self, key: str) -> str:
        """As a BibTeX entry."""
        fields = {"author": self.authors, "title": f"{{{self.title}}}"}
        if self.year is not None:
            fields["year"] = str(self.year)
        if self.venue:
            where = {"article": "journal", "inproceedings": "booktitle", "book": "publisher"}
            fields[where.get(self.kind, "howpublished")] = self.venue
        scheme, _, value = self.identifier.partition(":")
        if scheme == "doi":
            fields["doi"] = value
        elif scheme:
            fields |= {"eprint": value, "archiveprefix": scheme}
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
        return "\n".join([f"@{self.kind}{{{key},", *lines, "}"])


REFERENCES = {
    "ninou2025curl": Reference(
        "curl descent",
        "inproceedings",
        "Ninou, Hugo and Kadmon, Jonathan and Cayco-Gajic, N. Alex",
        "Curl Descent: Non-Gradient Learning Dynamics with Sign-Diverse Plasticity",
        2025,
        "Advances in Neural Information Processing Systems (NeurIPS)",
        "arXiv:2510.02765",
    ),
    "curldescent": Reference(
        "this software",
        "misc",
        "{The curldescent developers}",
        "curldescent: learning dynamics with sign-diverse plasticity",
        None,
    ),
    "lillicrap2016": Reference(
        "feedback alignment",
        "article",
        "Lillicrap, Timothy P. and Cownden, Daniel and Tweed, Douglas B. and Akerman, Colin J.",
        "Random synaptic feedback weights support error backpropagation for deep learning",
        2016,
        "Nature Communications 7, 13276",
        "doi:10.1038/ncomms13276",
    ),
    "oja1982": Reference(
        "Oja's rule",
        "article",
        "Oja, Erkki",
        "Simplified neuron model as a principal component analyzer",
        1982,
        "Journal of Mathematical Biology 15, 267–273",
        "doi:10.1007/BF00275687",
    ),
    "williams1992": Reference(
        "node perturbation",
        "article",
        "Williams, Ronald J.",
        "Simple statistical gradient-following algorithms for connectionist reinforcement learning",
        1992,
        "Machine Learning 8, 229–256",
        "doi:10.1007/BF00992696",
    ),
    "alpaydin1998": Reference(
        "the digits data set",
        "misc",
        "Alpaydin, E. and Kaynak, C.",
        "Optical Recognition of Handwritten Digits",
        1998,
        "UCI Machine Learning Repository",
        "doi:10.24432/C50P49",
    ),
    "pedregosa2011": Reference(
        "the digits data set as scikit-learn has it",
        "article",
        "Pedregosa, Fabian and others",
        "Scikit-learn: Machine Learning in Python",
        2011,
        "Journal of Machine Learning Research 12, 2825–2830",
    ),
    "hairer1993": Reference(
        "the Runge–Kutta method DOP853 of the flow",
        "book",
        "Hairer, Ernst and Nørsett, Syvert P. and Wanner, Gerhard",
        "Solving Ordinary Differential Equations I: Nonstiff Problems",
        1993,
        "Springer",
        "doi:10.1007/978-3-540-78862-1",
    ),
    "virtanen2020": Reference(
        "the integrators of the flow",
        "article",
        "Virtanen, Pauli and others",
        "SciPy 1.0: Fundamental Algorithms for Scientific Computing in Python",
        2020,
        "Nature Methods 17, 261–272",
        "doi:10.1038/s41592-019-0686-2",
    ),
    "voiculescu1986": Reference(
        "the free sum behind the law of K",
        "article",
        "Voiculescu, Dan",
        "Addition of certain non-commuting random variables",
        1986,
        "Journal of Functional Analysis 66, 323–346",
        "doi:10.1016/0022-1236(86)90062-5",
    ),
    "jacot2018": Reference(
        "the tangent kernel",
        "inproceedings",
        "Jacot, Arthur and Gabriel, Franck and Hongler, Clément",
        "Neural Tangent Kernel: Convergence and Generalization in Neural Networks",
        2018,
        "Advances in Neural Information Processing Systems 31",
        "arXiv:1806.07572",
    ),
    "lehoucq1998": Reference(
        "leading eigenvalues by Lanczos and Arnoldi iterations",
        "book",
        "Lehoucq, Richard B. and Sorensen, Danny C. and Yang, Chao",
        "ARPACK Users' Guide: Solution of Large-Scale Eigenvalue Problems with Implicitly Restarted Arnoldi Methods",
        1998,
        "SIAM",
        "doi:10.1137/1.9780898719628",
    ),
    "hutchinson1989": Reference(
        "the estimated share of curl",
        "article",
        "Hutchinson, M. F.",
        "A stochastic estimator of the trace of the influence matrix for Laplacian smoothing splines",
        1989,
        "Communications in Statistics – Simulation and Computation 18, 1059–1076",
        "doi:10.1080/03610918908812806",
    ),
    "benettin1980": Reference(
        "Lyapunov exponents",
        "article",
        "Benettin, Giancarlo and Galgani, Luigi and Giorgilli, Antonio and Strelcyn, Jean-Marie",
        "Lyapunov characteristic exponents for smooth dynamical systems and for Hamiltonian systems; a method for "
        "computing all of them",
        1980,
        "Meccanica 15, 9–20",
        "doi:10.1007/BF02128236",
    ),
    "ginelli2007": Reference(
        "covariant Lyapunov vectors",
        "article",
        "Ginelli, F. and Poggi, P. and Turchi, A. and Chaté, H. and Livi, R. and Politi, A.",
        "Characterizing Dynamics with Covariant Lyapunov Vectors",
        2007,
        "Physical Review Letters 99, 130601",
        "doi:10.1103/PhysRevLett.99.130601",
    ),
    "gottwald2009": Reference(
        "the 0–1 test for chaos",
        "article",
        "Gottwald, Georg A. and Melbourne, Ian",
        "On the Implementation of the 0–1 Test for Chaos",
        2009,
        "SIAM Journal on Applied Dynamical Systems 8, 129–145",
        "doi:10.1137/080718851",
    ),
    "sussillo2013": Reference(
        "critical points found along runs",
        "article",
        "Sussillo, David and Barak, Omri",
        "Opening the Black Box: Low-Dimensional Dynamics in High-Dimensional Recurrent Neural Networks",
        2013,
        "Neural Computation 25, 626–649",
        "doi:10.1162/NECO_a_00409",
    ),
    "balduzzi2018": Reference(
        "symplectic gradient adjustment",
        "inproceedings",
        "Balduzzi, David and Racaniere, Sebastien and Martens, James and Foerster, Jakob and Tuyls, Karl and "
        "Graepel, Thore",
        "The Mechanics of n-Player Differentiable Games",
        2018,
        "Proceedings of the 35th International Conference on Machine Learning, PMLR 80, 354–363",
        "arXiv:1802.05642",
    ),
    "korpelevich1976": Reference(
        "extragradient",
        "article",
        "Korpelevich, G. M.",
        "The extragradient method for finding saddle points and other problems",
        1976,
        "Matecon 12, 747–756",
    ),
}

ALWAYS = ("ninou2025curl", "curldescent")

_used: set[str] = set()


def use(*keys: str) -> None:
    """Note that methods or data with these references have been used.

    Args:
        keys: of `REFERENCES`.
    """
    _used.update(keys)


def cited() -> dict[str, Reference]:
    """What is to be cited by now, by key: the paper and this software, then what ran, in the order of `REFERENCES`."""
    return {key: reference for key, reference in REFERENCES.items() if key in ALWAYS or key in _used}


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
    for key, reference in cited().items():
        if form == "bibtex":
            print(reference.bibtex(key), end="\n\n", file=file)
            continue
        version = ""
        if key == "curldescent":
            from curldescent.foundation.version import __version__

            version = f" Version {__version__}."
        print(f"{reference.purpose}: {reference.text()}{version}", file=file)
