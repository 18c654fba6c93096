"""Who may come in, and what they may do: users, roles, permissions, API tokens. service.py is the door."""
