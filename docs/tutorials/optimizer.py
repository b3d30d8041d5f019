# %% [markdown]
# # Curl descent as an optimizer
#
# Curl descent is an update rule like any other: θ ← θ − η S ∘ ∂C/∂θ. As an optax transformation it trains any network,
# here one with two hidden layers on handwritten digits (1797 images of 8×8 pixels, scikit-learn's).

# %%
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits

import curldescent as cd

pixels, labels = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(pixels))
train, test = order[360:], order[:360]
x, y = jnp.asarray(pixels / 16.0 - 0.3, jnp.float32), jnp.asarray(labels)


def network(params, x):
    """Logits of a network with tanh layers."""
    for layer in params[:-1]:
        x = jnp.tanh(x @ layer["weight"].T + layer["bias"])
    return x @ params[-1]["weight"].T + params[-1]["bias"]


def loss(params, chosen):
    """Mean cross-entropy."""
    return optax.softmax_cross_entropy_with_integer_labels(network(params, x[chosen]), y[chosen]).mean()


def start(seed, sizes=(64, 64, 32, 10)):
    """Initial weights."""
    draw = np.random.default_rng(seed).standard_normal
    return [
        {"weight": jnp.asarray(draw((post, pre)) / pre**0.5, jnp.float32), "bias": jnp.zeros(post)}
        for pre, post in pairwise(sizes)
    ]


# %% [markdown]
# ## Three optimizers
#
# A `Signature` flips a tenth of the neurons of either hidden layer: their outgoing synapses climb the loss. The amount
# of curl can be scheduled; here it fades in the first half of the run.

# %%
EPOCHS, BATCH, RATE = 20, 32, 0.1
steps = EPOCHS * (len(train) // BATCH)
flips = cd.Signature({"1.weight": 0.1, "2.weight": 0.1}, seed=1)
fading = optax.linear_schedule(1.0, 0.0, steps // 2)

optimizers = {
    "gradient descent": optax.sgd(RATE),
    "curl descent": cd.optimizers.curl_descent(RATE, flips),
    "curl that fades": cd.optimizers.curl_descent(RATE, flips, amount=fading),
}
print(flips)

# %% [markdown]
# ## The usual loop


# %%
def run(optimizer, seed=0):
    """Train from one start: final weights, and the training loss after every epoch."""

    @jax.jit
    def epoch(params, state, batches):
        def update(carried, chosen):
            params, state = carried
            updates, state = optimizer.update(jax.grad(loss)(params, chosen), state, params)
            return (optax.apply_updates(params, updates), state), None

        (params, state), _ = jax.lax.scan(update, (params, state), batches)
        return params, state, loss(params, train)

    params, shuffle = start(seed), np.random.default_rng(seed)
    state, curve = optimizer.init(params), []
    for _ in range(EPOCHS):
        batches = shuffle.permutation(train)[: len(train) // BATCH * BATCH].reshape(-1, BATCH)
        params, state, now = epoch(params, state, batches)
        curve.append(float(now))
    return params, curve


found = {name: run(optimizer) for name, optimizer in optimizers.items()}
for name, (params, _) in found.items():
    print(f"{name:18s} test accuracy {100 * float((network(params, x[test]).argmax(1) == y[test]).mean()):.1f} %")

# %%
with cd.plots.figure_style():
    figure, axes = plt.subplots(figsize=(4.5, 2.8))
    for name, (_, curve) in found.items():
        axes.plot(range(1, EPOCHS + 1), curve, label=name)
    axes.set(xlabel="epoch", ylabel="training cross-entropy", yscale="log")
    axes.legend()
print(*cd.plots.save(figure, "optimizer_curves"))

# %% [markdown]
# One start is no comparison; `examples/digits_optax.py` takes three. `scale_by_signature` is the factor alone, to chain
# with momentum or Adam. The same optimizer for PyTorch is `cd.optimizers.torch.curl_descent`.
#
# ## What to cite

# %%
cd.cite()
