"""Read logs of other tools: files in, channels out."""
