"""Who may ask for what."""

import pytest

from acs.errors import Invalid
from acs.provisioning.kinds import KINDS
from care.operations.service import STATE_GROUPS, permission_for
from care.security.permissions import Permission


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_needs_a_permission_that_exists(kind):
    assert permission_for(kind) in Permission


def test_unknown_kind_is_refused_with_those_there_are():
    with pytest.raises(Invalid, match="factory_reset"):
        permission_for("explode")


def test_open_means_everything_that_has_not_ended():
    assert [state.value for state in STATE_GROUPS["open"]] == ["queued", "running", "waiting"]
