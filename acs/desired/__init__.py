"""Desired state: profiles as data, what they come to for one device, drift, repair, and a device's own settings on its successor."""
