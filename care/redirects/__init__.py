"""Sending devices to another ACS: rules that redirect them at each contact, and moving a group for good."""
