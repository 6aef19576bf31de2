"""Hash the source that decides a run, followed from a setup's own functions."""
