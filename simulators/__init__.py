"""Simulated CPEs, to be pointed at this ACS or any other. `fleet.py` is the door for programs, `cli.py` for people."""
