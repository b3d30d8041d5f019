"""The update rule and the engines that run it.

`rule` is the meaning: one update, in JAX. `engine.train` is the easy call; `setup.Experiment` and the engines'
steppers are there for loops of one's own. `jax_engine` runs the rule as it is written; `fused_engine` (CPU kernels) and
`order_parameters` (wide linear students) compute the same faster, and `choice` picks between them.
"""
