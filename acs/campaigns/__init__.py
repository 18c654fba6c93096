"""Campaigns: one action for many devices, begun small, watched, stopped by rule, taken back. The door is service.py."""
