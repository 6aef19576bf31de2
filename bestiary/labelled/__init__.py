"""Recorded runs whose answer is known: what a detector of one's own is tried on, and what a model is taught by."""
