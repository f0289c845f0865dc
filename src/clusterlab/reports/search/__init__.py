"""The report of a search: what was tried, what it chose, and how far to trust that."""
