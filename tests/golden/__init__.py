"""Scripts that write golden values with PyTorch, and what they wrote: the tests need the latter only."""
