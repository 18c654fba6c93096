"""What was said in each session, masked, within a size bound: the last sessions of each device and every failed one."""
