"""Drivers: how different ACSs are told to act. simulators/conformance/driver.py says what one is."""
