"""Where state is kept: rows in memory, and, if asked for, on disk."""
