"""What the commands print: pages, tables, JSON, and words without escapes."""
