"""Train setups: a job in, runs out."""
