"""The catalog as a static site. Knows pages and recordings; what was measured is told by whoever builds it."""
