"""One module per family of operations; kinds.py lists them all."""
