"""care/audit."""
