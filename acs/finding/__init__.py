"""One query language for lists, the REST interface, groups, profiles, campaigns and monitors: `model = "HG8245" and rx_power < -27`."""
