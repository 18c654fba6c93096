"""What the Broadband Forum's data models say about a parameter path, and vendor-neutral names for what people care about.

`tree.for_root(root).lookup(path)` describes a path, `check.check(entry, text)` judges a value, `canonical.Resolver` reads a
device's tree under canonical names. The models are compiled into `index/`; this package imports nothing of ours.
"""
