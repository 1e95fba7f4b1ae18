"""The load generator: one process of its own, the same for every contender."""
