"""What we know of devices: the head row, identity and trust, the parameter store, events. service.py is the door."""
