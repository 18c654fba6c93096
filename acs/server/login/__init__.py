"""The entrance of the CWMP port: who is at the other end, may they come in, how often, and what they prove themselves with."""
