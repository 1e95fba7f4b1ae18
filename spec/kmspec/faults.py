"""Faults: the only place that names what is wrong with the tables themselves."""


class TableError(Exception):
    """A table is wrong. The text names file and row, and what to do."""
