"""The catalogues: English is the source, each other language a messages.po beside its compiled .mo (both committed).

`python -m care.translations extract` takes new sentences into every messages.po; translate them, then `python -m care.translations compile`.
Both need Babel, which Flask-Babel brings. tests/care/test_translations.py names what is untranslated.
"""
