"""What the scripts of several views have in common.

Every view says itself as a Python script with the library's own calls. Values enter it through `repr` only, so that no
text of a link or of a file can become code.
"""

# So many points of a live run are recorded by its script.
_RECORDED = 500


def training(rate: float, seed: int, epochs: int, *, preserve_norms: bool) -> str:
    """The part that trains `problem` under `rules` as a live run did, up to an epoch."""
    epochs = max(1, epochs)
    return f"""history = cd.train(
    problem,
    rules,
    epochs={epochs},
    learning_rate={rate!r},
    preserve_norms={preserve_norms!r},
    record=list(range(0, {epochs + 1}, {max(1, epochs // _RECORDED)})),
    seed={seed!r},
)
print(history.train_error.isel(epoch=-1).to_pandas())
learning_curves(history).savefig('learning.png')
"""
