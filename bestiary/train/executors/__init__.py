"""Where runs are trained: in this process, or by the workers of a Dask cluster."""
