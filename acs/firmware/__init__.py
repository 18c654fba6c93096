"""Firmware images and files that came from devices. service.py is the door."""
