"""Draw runs, maps, claims and logs with matplotlib."""
