"""A learning rule as a vector field on weights: of a problem, a JAX network, a PyTorch module."""
