"""Random-matrix theory of curl descent: what should happen, before anything runs."""
