"""Users for administrators; profile and API tokens for everybody."""
