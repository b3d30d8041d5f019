"""How fast the engines are on this machine, side by side with the same step in lean NumPy.

`settings` is what is timed, `textbook` the NumPy step, `measure` the clockwork, `machine` what the machine can do at
best. ``curldescent bench`` runs ``python -m curldescent.apps.bench`` in a process of its own, where every library
is told to use one thread before it is loaded.
"""
