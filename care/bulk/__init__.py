"""One thing done to many devices from the list: choose, preview, run, watch."""
