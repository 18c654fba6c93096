"""Signing in and out, and where one lands."""
