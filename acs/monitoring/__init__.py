"""Monitoring: samples of chosen canonical parameters, their roll-ups, thresholds, alarms, and the fleet in numbers. service.py is the door."""
