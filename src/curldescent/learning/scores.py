"""How good trained students are, beside what is good without learning: the mean of the targets, the commonest class."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curldescent.foundation import quantities, validation
from curldescent.foundation.errors import InputError
from curldescent.learning.evaluation import are_classes, check, predict
from curldescent.model import losses
from curldescent.model.problem import Problem

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


def scores(problem: Problem, history: "xr.Dataset", *, samples: str | None = None) -> "xr.Dataset":
    """Errors that can be read: R² and RMSE in the units of the data, or the share of right classes, and a baseline.

    The baseline knows the training targets alone and predicts their mean for every sample, or the commonest class.

    Args:
        problem: what was trained.
        history: what `curldescent.train` returned for it.
        samples: "test" or "train"; by default the test samples where the problem has any.

    Returns:
        A Dataset; NaN for diverged trials. Of numbers, with a dimension `target`: `rmse`, √⟨(ŷ − y)²⟩ in the units of
        the table; `r2` = 1 − Σ(ŷ − y)²/Σ(y − ȳ)² with the mean ȳ of the same samples; `baseline_rmse`. Of classes:
        `accuracy` and `baseline_accuracy`. Of both: `error` and `baseline_error`, the problem's own loss, which is in
        units of the problem. Dimensions are those of the history, ([rule,] trial); baselines have `trial` where trials
        have targets of their own. Its attribute `samples` says which.

    Raises:
        InputError: test samples asked for that the problem does not have, or no history with final weights.

    Example:
        >>> import curldescent as cd, numpy as np
        >>> x = np.random.default_rng(0).normal(size=40)
        >>> problem = cd.from_data({"x": x, "y": 20 + 5 * x}, targets="y", n_hidden=10)
        >>> history = cd.train(problem, cd.Plasticity(), epochs=2000)
        >>> found = cd.scores(problem, history)
        >>> bool((found.r2 > 0.9).all()), bool((found.rmse < found.baseline_rmse / 3).all())
        (True, True)
    """
    import xarray as xr

    check(problem, history)
    if samples is None:
        samples = "train" if problem.test_inputs is None else "test"
    chosen = validation.choice("samples", samples, ("test", "train"))
    if chosen == "test" and problem.test_inputs is None:
        raise InputError("scores needs test samples, and this problem has none; samples='train' takes the others")
    known = problem.train_outputs()
    targets = known if chosen == "train" else problem.test_outputs()
    assert targets is not None
    inputs = problem.inputs if chosen == "train" else problem.test_inputs
    mean = known.mean(axis=-2, keepdims=True)
    output = predict(problem, history, inputs)
    own = ("trial",) if len(targets) > 1 else ()
    found: dict[str, Any] = {"baseline_error": _over_trials(own, _error_of(problem, mean, targets))}
    error = history.get(f"{chosen}_error")
    if error is not None and error.sizes["epoch"]:
        found["error"] = (error.dims[:-1], error.values[..., -1])
    if are_classes(problem):
        right = output.fillna(0).argmax("output").values == targets.argmax(axis=-1)
        diverged = output.isnull().any(("sample", "output"))
        lead = output.dims[:-2]
        found["accuracy"] = xr.DataArray(right.mean(axis=-1), dims=lead).where(~diverged.drop_vars(diverged.coords))
        commonest = known.sum(axis=-2).argmax(axis=-1)
        found["baseline_accuracy"] = _over_trials(own, (targets.argmax(axis=-1) == commonest[:, None]).mean(axis=-1))
    else:
        scaling = None if problem.data is None else problem.data.target_scaling
        spread = np.ones(targets.shape[-1]) if scaling is None else scaling.spread
        residual = ((output.values - targets) ** 2).mean(axis=-2)
        scatter = targets.var(axis=-2)
        with np.errstate(divide="ignore", invalid="ignore"):
            r2 = np.where(scatter > 0, 1 - residual / scatter, np.nan)
        dims = (*output.dims[:-2], "target")
        found["rmse"] = (dims, np.sqrt(residual) * spread)
        found["r2"] = (dims, r2)
        baseline = np.sqrt(((mean - targets) ** 2).mean(axis=-2)) * spread
        found["baseline_rmse"] = ((*own, "target"), baseline if own else baseline[0])
    made = xr.Dataset(found, attrs={"samples": chosen})
    made = made.assign_coords({str(name): history[name] for name in output.dims[:-2] if name in history.coords})
    if "target" in made.dims and problem.data is not None:
        made = made.assign_coords(target=list(problem.data.target_names))
    return quantities.labelled(made, of="scores")


def _over_trials(own: tuple[str, ...], values: Array) -> tuple[tuple[str, ...], Any]:
    return (own, values) if own else ((), values[0])


def _error_of(problem: Problem, output: Array, targets: Array) -> Array:
    """The mean loss of one output for every sample, (T,)."""
    from scipy.special import xlog1py, xlogy

    if problem.loss != losses.CROSS_ENTROPY:
        # A loss of the outputs themselves.
        same = np.broadcast_to(output, targets.shape)
        return np.asarray(problem.loss.of_samples(same, targets, "linear")).mean(axis=-1)
    terms = xlogy(targets, output)
    if str(problem.output_activation) == "sigmoid":
        terms = terms + xlog1py(1 - targets, -output)
    return -terms.sum(axis=-1).mean(axis=-1)
