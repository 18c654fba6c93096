"""Finding devices: the query box and its completion, saved groups, export of what was found."""
