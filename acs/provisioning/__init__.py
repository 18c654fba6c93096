"""What to do with a device, without I/O: plan decides what is due, procedures say what to ask, the runner drives them."""
