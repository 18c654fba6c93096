"""Background jobs: what is due, runs, failed; and trying again."""
