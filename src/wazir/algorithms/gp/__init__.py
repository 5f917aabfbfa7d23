"""GP_BANDIT: Bayesian optimization with a Gaussian process."""
