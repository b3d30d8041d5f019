"""Learning rules, one file each. `signed_gradient` is the meaning of `curldescent.Plasticity`."""
