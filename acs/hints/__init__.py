"""Hints between processes: "operation queued for device 7", "operation 12 moved on". Only hints: a lost one costs a poll, never data.

On PostgreSQL they travel as NOTIFY with the commit; embedded, as JSON lines over a UNIX socket that the cwmp process owns (hub.py).
publish.py sends from any thread, listen.py receives in a reactor.
"""
