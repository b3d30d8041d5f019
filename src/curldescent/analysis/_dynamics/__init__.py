"""Learning as a dynamical system: exponents, regimes, motion of weights."""
