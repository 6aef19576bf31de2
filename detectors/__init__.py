"""One file per detector: a pure function from a Log to a Finding, in NumPy."""
