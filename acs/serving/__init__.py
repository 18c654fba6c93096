"""Sockets and worker processes, for every command that serves: the parent binds, workers share. Knows no protocol and no table."""
