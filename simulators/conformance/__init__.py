"""The conformance suite for ACSs: our CPE side through the inverse of the BBF.069 groups, against any ACS.

A case (case.py, cases/) is a small script over WireCpe (cpe.py), a CPE whose every byte the script may decide; a driver (driver.py,
drivers/) lets an ACS act where a case needs that; runner.py runs, page.py and junit.py tell. docs/conformance-suite.md is for users.
"""
