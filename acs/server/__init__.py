"""The CWMP server and its companions on Twisted: sessions, group commit, files, wake-up, the supervisor."""
