"""The firmware library: what may be given to devices, and putting it there."""
