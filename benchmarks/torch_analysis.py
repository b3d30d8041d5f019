"""How do `curl` and `stability` of a PyTorch module compare with the same network in JAX?

Run ``python benchmarks/torch_analysis.py``. A multilayer perceptron of 1245 synapses, 100 samples, double precision.
Per analysis the seconds by the clock of the first call in a fresh network (JAX compiles) and of later ones (medians of
five), then the ratios, by the clock and in processor time: on a busy machine only the latter says something.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import jax.numpy as jnp
import numpy as np
import torch

import curldescent as cd

SIZES = (20, 30, 18, 3)
SAMPLES = 100
REPEATS = 5
ANALYSES: dict[str, Callable[[cd.analysis.Network], object]] = {
    "curl": cd.analysis.curl,
    "stability, dense": lambda network: cd.analysis.stability(network, method="dense"),
    "stability, matrix-free": lambda network: cd.analysis.stability(network, method="matrix-free"),
    "hundred gradients": lambda network: [network.gradient() for _ in range(100)],
}


def both() -> dict[str, Callable[[], cd.analysis.Network]]:
    """The same network in both frameworks, as builders."""
    rng = np.random.default_rng(0)
    draws = [(rng.standard_normal((b, a)) / a**0.5, rng.standard_normal(b)) for a, b in pairwise(SIZES)]
    layers: list[torch.nn.Module] = []
    for weight, bias in draws:
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
        linear.weight.data, linear.bias.data = torch.tensor(weight), torch.tensor(bias)
        layers += [linear, torch.nn.Tanh()]
    module = torch.nn.Sequential(*layers[:-1])
    inputs, targets = rng.standard_normal((SAMPLES, SIZES[0])), rng.standard_normal((SAMPLES, SIZES[-1]))

    def function(params: list, x: jnp.ndarray) -> jnp.ndarray:
        for weight, bias in params[:-1]:
            x = jnp.tanh(x @ weight.T + bias)
        return x @ params[-1][0].T + params[-1][1]

    signs = [1.0, 1.0, 1.0, 1.0, -1.0, 1.0]
    names = [name for name, _ in module.named_parameters()]
    return {
        "PyTorch": lambda: cd.analysis.network(
            module, inputs=inputs, targets=targets, strengths=dict(zip(names, signs, strict=True))
        ),
        "JAX": lambda: cd.analysis.network(
            function, draws, inputs, targets, strengths=list(zip(signs[::2], signs[1::2], strict=True))
        ),
    }


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    """Measure and print."""
    builders = both()
    for builder in builders.values():
        builder().gradient()  # what either framework does once in a process is no one's
    print(f"{'':26s}{'PyTorch':>10s}{'JAX':>10s}{'ratio':>8s}{'processor':>11s}")
    for name, analysis in ANALYSES.items():
        found: dict[str, dict[str, list[tuple[float, float]]]] = {"first": {}, "later": {}}
        networks = {framework: builder() for framework, builder in builders.items()}
        for framework, network in networks.items():
            found["first"][framework] = [timed(partial(analysis, network))]
        for framework in networks:
            found["later"][framework] = []
        for _ in range(REPEATS):  # in turns, so that a busy moment meets both
            for framework, network in networks.items():
                found["later"][framework].append(timed(partial(analysis, network)))
        for which, of in found.items():
            (a, pa), (b, pb) = (
                tuple(statistics.median(times) for times in zip(*of[framework], strict=True)) for framework in of
            )
            print(f"{name + ', ' + which:32s}{a:7.2f} s{b:8.2f} s{a / b:8.2f}{pa / pb:11.2f}", flush=True)


if __name__ == "__main__":
    main()
