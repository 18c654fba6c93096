"""The shim lets spyne be imported on every Python we run on."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "spyne",
        "spyne.protocol.xml",
        "spyne.protocol.soap",
        "spyne.server.wsgi",
        "spyne.interface.wsdl",
        "spyne.util.six.moves.urllib.parse",
    ],
)
def test_spyne_is_imported_after_the_shim(module):
    code = f"from acs.cwmp import shim; shim.install(); shim.install(); import importlib; importlib.import_module({module!r})"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_spyne_that_is_not_there_is_named(monkeypatch):
    from acs.cwmp import shim

    monkeypatch.delitem(sys.modules, "spyne", raising=False)
    monkeypatch.setattr(shim.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="spyne"):
        shim.install()
