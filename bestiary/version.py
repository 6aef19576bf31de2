"""The version of the package: the year of its next edition, and `dev` until then."""

__version__ = "2027.0.dev0"
