"""Devices as people see them: list, device page with its tabs, parameter browser, settings with a diff before they are written."""
