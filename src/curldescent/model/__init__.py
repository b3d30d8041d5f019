"""What learns and what is to be learned: weights, networks, problems, data and plasticity."""
