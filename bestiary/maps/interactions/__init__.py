"""Two things switched on together: the four cells, what the parts predict, and the correction to it."""
