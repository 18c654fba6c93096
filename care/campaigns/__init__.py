"""Campaigns: the list, the form with its preview, the live page, the table of results."""
