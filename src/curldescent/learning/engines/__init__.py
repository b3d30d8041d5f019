"""What runs an experiment, one file an engine: `reference` (JAX), `fused` (CPU kernels), `reduced` (wide students)."""
