"""What contributors ask for: `new`, `check --changed`, `review`."""
