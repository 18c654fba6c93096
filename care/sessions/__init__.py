"""Recorded sessions: what was said between a device and us, masked, to be read and taken away."""
