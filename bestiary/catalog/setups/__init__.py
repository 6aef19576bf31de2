"""What the text of a setup says, without importing it."""
