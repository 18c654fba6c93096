"""care/api."""
