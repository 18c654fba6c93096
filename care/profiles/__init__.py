"""Profiles: what should hold on which devices, dry runs and drift, and a device's own settings on its successor."""
