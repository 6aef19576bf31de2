"""Judge the cases of an entry: runs and claims in, verdicts out."""
