"""One thing done to many devices now: a tag, a group, an operation. With waves, windows and stop rules it is a campaign."""
