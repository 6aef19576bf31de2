"""Read catalog.yaml: entries, claims, axes, references."""
