"""Fuzzing of what strangers reach: the decoder, whole sessions, the HTTP channel, and the real server over loopback. `make fuzz`."""
