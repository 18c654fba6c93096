"""`hearthline bench`: what sessions, storage, pages and storms cost, measured against servers that it starts itself.

cases.py is the table, run.py measures it, report.py writes it down. The devices (cpe.py, tree.py) are as light as devices can be, in a
process of their own (load.py); only the servers' CPU counts, from /proc (proc.py). Nothing but loopback is ever contacted.
"""
