"""Customer care: pages, REST and live events for the people who run the network. app.py wires them; each feature has a folder."""
