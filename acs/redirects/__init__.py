"""Rules that send groups of devices on to another ACS, and who a group is. service.py is the door."""
