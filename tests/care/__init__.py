"""The care front end."""
