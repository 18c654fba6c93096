"""Letting devices in: rules by which unknown ones are admitted."""
