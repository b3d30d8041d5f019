"""Fused CPU kernels: whole epochs of one student at a time, compiled by Numba, free of Python and of its lock.

`simd` is the vocabulary (eight doubles at a time), `activation` the vectorised φ, `linear`, `linear_general` and
`nonlinear` the students, `ensemble` the loop over many of them. Nothing here is imported before the fused engine is
first used.

The machine code is kept for the next process (`cache`); a change of any file of this folder compiles everything anew.
"""
