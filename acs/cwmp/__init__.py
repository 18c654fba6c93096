"""CWMP (TR-069) without I/O: bytes and the present time come in, messages and bytes go out. Knows no socket, clock or table."""
