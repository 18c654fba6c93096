"""How devices are woken: which ways there are, what was tried, what that means. service.py is the door."""
