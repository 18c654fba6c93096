"""care/signin."""
