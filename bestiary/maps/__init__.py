"""Judge laws, boundaries, paths and interactions, and explore grids of knobs; draws nothing."""
