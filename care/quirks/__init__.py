"""What is known of models and devices against the standard: in plain words, with evidence, to confirm, turn off, set by hand, take away."""
