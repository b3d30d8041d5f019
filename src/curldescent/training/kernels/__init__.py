"""Fused CPU kernels: whole epochs of one student at a time, compiled by Numba, free of Python and of its lock.

`simd` is the vocabulary (eight doubles at a time), `activation` the vectorised φ, `linear`, `linear_general` and
`nonlinear` the students, `ensemble` the loop over many of them. Nothing here is imported before the fused engine is
first used.

The machine code is cached beside these files. Numba notices a change of the file a cached function stands in, not of
the files that function calls: after editing this folder, `make clean-kernels` (packages bring new time stamps along
and need nothing).
"""
