"""care/security."""
