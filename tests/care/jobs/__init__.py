"""care/jobs."""
