"""How large a file of YAML may be; a catalog has no use for more, and a small file can unfold into it."""

SIZE = 4 * 2**20  # [byte] of a file
NODES = 50_000  # [value] of a file, those of an alias each time that it stands there
DEPTH = 40  # [level] of nesting
BITS = 1023  # [bit] of an integer; one of more is no float, and may be too long to print
