"""The update rule and the engines that run it.

`rule` is the meaning: one update, in JAX. `engine.train` is the easy call; `setup.Experiment` and the engines'
steppers are there for loops of one's own.
"""
