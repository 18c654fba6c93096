"""Hearthline: the auto-configuration server."""

__version__ = "0.1.0"
