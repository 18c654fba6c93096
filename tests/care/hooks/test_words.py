"""Every state, kind and end of a hook has a word: care/hooks/words.py."""

from acs.hooks.views import Fault, HookKind, HookState, VersionState
from care.hooks import words


def test_everything_has_a_word():
    for listed, table in (
        (HookKind, words.KIND_WORDS), (HookState, words.STATE_WORDS), (VersionState, words.VERSION_WORDS), (Fault, words.FAULT_WORDS),
    ):  # fmt: skip
        assert set(listed) == set(table)
