"""Fused CPU kernels: whole epochs of one student at a time, compiled by Numba, free of Python and of its lock.

`simd` is the vocabulary (eight doubles at a time), `tiles` products in registers, `activation` the vectorised φ,
`linear` and `nonlinear` the students, `layout` what they look like in memory, `evaluation` their errors. Nothing here
is imported before the fused engine is first used.

The machine code is kept for the next process (`cache`); a change of any file of this folder compiles everything anew.
"""
