"""Hooks: a few lines of JavaScript for what profiles cannot say, run in a child process that may die. service.py is the door."""
