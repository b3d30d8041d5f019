# %% [markdown]
# # Your own network
#
# A function of your own, with weights you trained elsewhere. Would it be stable if some of its neurons learned with
# the wrong sign? Which of them matter most?

# %%
import jax.numpy as jnp
import numpy as np
from matplotlib import pyplot as plt

import curldescent as cd


def my_network(params, x):
    """Three layers: tanh, softplus, linear."""
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

# %% [markdown]
# A `Signature` names parameters by their path and says what share of neurons is flipped, which neurons, or gives a
# strength to every synapse. Here a tenth of the neurons that feed the readout, chosen by the seed. The names of these
# weights do not tell their layout, (post, pre) as for every weight here: `presynaptic_axis` says it.

# %%
flips = cd.Signature({"out": 0.1}, seed=0, presynaptic_axis=1)
network = cd.analysis.network(my_network, params, x, y, strengths=flips)
print(network)

# %% [markdown]
# ## Is it stable?

# %%
print(cd.analysis.stability(network))

# %% [markdown]
# The verdict is read off the signed tangent kernel G: near a solution the error obeys ė = −G e. Other amounts of curl
# are one call away.

# %%
fractions = np.linspace(0, 0.6, 7)
others = [network.with_strengths(cd.Signature({"out": fraction}, presynaptic_axis=1)) for fraction in fractions]
margins = [cd.analysis.stability(other).margin for other in others]

with cd.plots.figure_style():
    figure, axes = plt.subplots(figsize=(3.5, 2.5))
    axes.plot(fractions, margins, marker="o")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set(xlabel="flipped share of the readout's inputs", ylabel="margin λ_min / κ")
print(*cd.plots.save(figure, "own_network_margins"))

# %% [markdown]
# ## Which neurons matter?

# %%
groups = cd.analysis.neurons(network, layers="out", presynaptic_axis=1)
print(cd.analysis.flip_margins(network, groups=groups))

# %% [markdown]
# And how many could be flipped at all?

# %%
print(cd.analysis.largest_stable_flips(network, groups=groups))

# %% [markdown]
# ## How far is it from gradient descent?
#
# The share of the field's Jacobian that is antisymmetric; and the work along a closed loop, which vanishes for every
# gradient, with a verdict.

# %%
print(cd.analysis.curl(network))
print(cd.analysis.circulation(network))

# %% [markdown]
# Models of [PyTorch](../how_to/pytorch.md), [Equinox](../how_to/equinox.md) and [Flax](../how_to/flax.md) go in in the
# same way. Next: [a sweep](sweep.py).
