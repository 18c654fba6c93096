"""care/users."""
