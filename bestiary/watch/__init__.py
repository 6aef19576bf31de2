"""Ask the detectors about a log, whole or growing."""
