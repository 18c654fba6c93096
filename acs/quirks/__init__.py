"""The quirk registry: what is known of models and of single devices, by whom or by which evidence, and how it gets to the sessions."""
