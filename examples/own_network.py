"""Analyse a network of your own: is its solution stable, how curly is learning, which neurons' signs matter?

Any differentiable JAX function will do; a PyTorch module goes in the same way, `cd.analysis.network(module, inputs=x)`.
Run with ``python examples/own_network.py``, or cell by cell in an editor that knows ``# %%``.
"""

# %% A network that you wrote, with weights that you trained elsewhere
import jax.numpy as jnp
import numpy as np

import curldescent as cd


def my_network(params, x):
    """Three layers: a tanh, a softplus, a linear readout."""
    h = jnp.tanh(x @ params["in"].T)
    h = jnp.logaddexp(h @ params["middle"].T + params["bias"], 0.0)
    return h @ params["out"].T


rng = np.random.default_rng(0)
params = {
    "in": rng.normal(size=(40, 8)) / 8**0.5,
    "middle": rng.normal(size=(30, 40)) / 40**0.5,
    "bias": np.zeros(30),
    "out": rng.normal(size=(2, 30)) / 30**0.5,
}
x = rng.normal(size=(60, 8))
y = np.asarray(my_network(params, x))  # it has learned its task: these are its targets

# %% Its plasticity: a tenth of the middle layer's inputs and of the readout's have the wrong sign
flips = cd.Signature({"middle": 0.1, "out": 0.1}, seed=0)
network = cd.analysis.network(my_network, params, x, y, strengths=flips)

# %% Is the solution stable, by what margin, and how far from a gradient is learning?
verdict = cd.analysis.stability(network)
print(network, verdict, sep="\n")
print(cd.analysis.curl(network))
around = cd.analysis.circulation(network)
print(f"circulation {around.value:.3g} ± {around.error:.1g}: {'not ' if around.certified else ''}a gradient")

# %% Which neurons' signs matter, and how many could be flipped at all?
readout = cd.analysis.neurons(network, layers="out")
print(cd.analysis.flip_margins(network, readout))
print(cd.analysis.largest_stable_flips(network, readout))

# %% The same for other amounts of curl
for fraction in (0.0, 0.1, 0.3, 0.5):
    other = network.with_strengths(cd.Signature({"out": fraction}))
    print(f"{fraction:.0%} of readout inputs:", cd.analysis.stability(other))
