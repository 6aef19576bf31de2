"""Judge laws, boundaries and paths, and explore grids of knobs; draws nothing."""
