"""The implementations that are compared, each imported only in its own process."""
