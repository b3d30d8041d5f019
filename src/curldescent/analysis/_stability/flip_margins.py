"""Which neurons' signs matter: what the margin becomes when one neuron's rule is flipped."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from curldescent.analysis._stability.tangent_kernel import ReducedKernel, reduced_kernel
from curldescent.analysis._trials import each_trial
from curldescent.foundation import validation
from curldescent.foundation.errors import InputError
from curldescent.foundation.progress import Progress
from curldescent.foundation.representation import Summarised
from curldescent.learning.fields.network import Network
from curldescent.learning.fields.subjects import require_network, subject_network
from curldescent.model.layouts import presynaptic
from curldescent.model.plasticity import Plasticity
from curldescent.model.problem import Problem

Array = NDArray[np.float64]
Groups = Mapping[str, NDArray[np.intp]]


@dataclass(frozen=True, eq=False, repr=False)
class FlipMargins(Summarised):
    """What flipping one neuron's rule does to stability, for every neuron by itself.

    Attributes:
        names: of the neurons, (neurons,).
        flipped: whether the neuron is flipped now (its strengths sum to a negative number), (neurons,).
        lambda_min: smallest eigenvalue of G once that neuron's strengths change sign, everything else as it is;
            (neurons,).
        effect: lambda_min minus the present one: negative where the change destabilises, (neurons,).
        first_order: the effect to first order, −2 Σ S_i (Φᵀu)_i² / P over the neuron's synapses with u the present
            lowest eigenvector: an upper bound of the effect, exact for small ones.
        present: lambda_min of the signature as it is.
        error: estimate of how far rounding, that of the model included, may have moved each of these; smaller effects
            mean nothing.
    """

    names: tuple[str, ...]
    flipped: NDArray[np.bool_]
    lambda_min: Array
    effect: Array
    first_order: Array
    present: float
    error: float

    COLUMNS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "present": (),
        "error": (),
        "lambda_min": ("neuron",),
        "effect": ("neuron",),
        "first_order": ("neuron",),
        "flipped": ("neuron",),
    }

    @property
    def ranking(self) -> NDArray[np.intp]:
        """Neurons by how much their change destabilises, the worst first."""
        return np.argsort(self.effect, kind="stable")

    def __str__(self) -> str:
        lines = [f"λ_min now {self.present:.4g}; with one neuron's sign changed:"]
        for i in self.ranking[:10]:
            state = "flipped now" if self.flipped[i] else "normal now"
            lines.append(f"  {self.names[i]:24s} {state:12s} λ_min {self.lambda_min[i]:+.4g}")
        return "\n".join(lines)


def neurons(
    subject: Problem | Network,
    rule: Plasticity | None = None,
    *,
    layers: str = "*",
    presynaptic_axis: int | Mapping[str, int] | None = None,
) -> dict[str, NDArray[np.intp]]:
    """The synapses of every presynaptic neuron, layer by layer.

    Args:
        subject: a problem, or a `cd.analysis.network`.
        rule: a problem's plasticity; it changes nothing here.
        layers: a glob pattern over parameter paths; parameters of fewer than two dimensions are left out.
        presynaptic_axis: as in `cd.Signature`: 1 for weights (post, pre, …), −2 for (…, pre, post), None for what the
            parameters' names say.

    Returns:
        Names ("path[index]") to positions in the flat parameter vector.

    Raises:
        InputError: no weight matrix matches, or one whose layout its name does not tell.

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=2, n_hidden=3, n_train=5)
        >>> cd.analysis.neurons(problem, layers="readout")
        {'readout[0]': array([6]), 'readout[1]': array([7]), 'readout[2]': array([8])}
    """
    from fnmatch import fnmatchcase

    if rule is None and isinstance(subject, Problem):
        rule = Plasticity()
    network = subject_network(subject, rule, what="neurons")
    if not isinstance(layers, str):
        raise InputError(f"layers must be a glob pattern over parameter paths, got {validation.shown(layers)}")
    groups: dict[str, NDArray[np.intp]] = {}
    for path, positions in network.named(np.arange(network.n_params)).items():
        if positions.ndim >= 2 and fnmatchcase(path, layers):
            told = network.axes.get(path) if presynaptic_axis is None else presynaptic_axis
            axis, size = presynaptic(path, positions.shape, told)
            for index in range(size):
                groups[f"{path}[{index}]"] = np.take(positions, index, axis=axis).ravel().astype(np.intp)
    if not groups:
        raise InputError(f"no weight matrix matches {layers!r}; there are {', '.join(network.shapes)}")
    return groups


def flip_margins(
    subject: Problem | Network,
    rule: Plasticity | None = None,
    *,
    groups: Groups | None = None,
    trial: int | None = 0,
    progress: Progress | None = None,
) -> Any:
    """Change the sign of one neuron at a time and see what the smallest eigenvalue of G becomes.

    Args:
        subject: a problem, or a `cd.analysis.network`; dense, so the smaller of samples·outputs and parameters sets the
            cost.
        rule: a problem's plasticity; it must backpropagate.
        groups: names to positions in the flat parameter vector; None for every presynaptic neuron, `neurons(subject)`.
        trial: which of a problem's; None: all of them.
        progress: told how many trials are done; of a single PyTorch module, how many samples are differentiated.

    Returns:
        The `FlipMargins`; `Trials` of them for all trials.

    Raises:
        InputError: groups that are empty or point outside the parameters, a kernel that is zero or not finite.

    Source: docs/analysis.md, section "Which flips matter".

    Example:
        >>> import curldescent as cd
        >>> problem = cd.student_teacher(n_inputs=8, n_hidden=6, n_train=60, seed=1)
        >>> margins = cd.analysis.flip_margins(problem, cd.Plasticity(readout=0.2))
        >>> bool((margins.effect <= margins.first_order + 1e-12).all()), int(margins.flipped.sum())
        (True, 1)
    """
    return each_trial(
        lambda field: _margins(require_network(field, "flip_margins"), groups), subject, rule, trial, progress=progress
    )


def _margins(network: Network, groups: Groups | None) -> FlipMargins:
    groups = neurons(network) if groups is None else checked_groups(network, groups)
    kernel = moving_kernel(network)
    g = kernel.signed(network.strengths)
    values, vectors = np.linalg.eigh(g)
    lowest = (kernel.features.T @ vectors[:, 0]) ** 2
    after, slope, flipped = [], [], []
    for positions in groups.values():
        strengths = network.strengths[positions]
        after.append(np.linalg.eigvalsh(g - 2 * group_kernel(kernel, positions, strengths))[0])
        slope.append(-2 * float(strengths @ lowest[positions]))
        flipped.append(strengths.sum() < 0)
    largest = float(np.linalg.eigvalsh(kernel.signed(np.abs(network.strengths)))[-1])
    return FlipMargins(
        names=tuple(groups),
        flipped=np.array(flipped),
        lambda_min=np.array(after) * kernel.square,
        effect=(np.array(after) - values[0]) * kernel.square,
        first_order=np.array(slope) * kernel.square,
        present=float(values[0]) * kernel.square,
        error=kernel.rounding * largest * kernel.square,
    )


def moving_kernel(network: Network) -> ReducedKernel:
    """The reduced kernel, refused where it is zero."""
    kernel = reduced_kernel(network)
    if len(kernel.spectrum) == 0:
        raise InputError(
            "no output moves with any parameter, to first order, so that no flip matters: the kernel is zero"
        )
    return kernel


def group_kernel(kernel: ReducedKernel, positions: NDArray[np.intp], strengths: Array) -> Array:
    """What one group of synapses contributes to G/unit², (r, r)."""
    features = kernel.features[:, positions]
    return (features * strengths) @ features.T


def checked_groups(network: Network, groups: Any) -> dict[str, NDArray[np.intp]]:
    """Groups with every position within the parameters."""
    if not isinstance(groups, Mapping) or not groups:
        raise InputError("groups must map at least one name to positions in the flat parameter vector")
    checked = {}
    for name, positions in groups.items():
        array = validation.real_array(f"group {name!r}", positions)
        if array.dtype.kind not in "iu" or array.ndim != 1 or array.size == 0:
            raise InputError(f"group {name!r} must be a vector of whole numbers, got shape {array.shape}")
        validation.integer(f"positions of group {name!r}", array.min(), minimum=0)
        validation.integer(f"positions of group {name!r}", array.max(), minimum=0, maximum=network.n_params - 1)
        checked[str(name)] = array.astype(np.intp)
    return checked
