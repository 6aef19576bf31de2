"""Networks that setups share: pure functions and flax modules, one idea a file."""
