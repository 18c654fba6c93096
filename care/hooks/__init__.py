"""Hooks: a few lines of JavaScript for what profiles cannot say; written, tried on a stored device, published."""
