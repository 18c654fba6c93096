"""The lock of the front-end packages, and the vendor folder."""

import json
import shutil
import subprocess

import pytest

from care import assets


def test_lock_names_no_download_addresses_but_what_each_package_is():
    lock = json.loads(assets.LOCK.read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all("resolved" not in package for package in packages.values())
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())


def test_versions_are_exact():
    wanted = json.loads((assets.ROOT / "package.json").read_text())
    for version in {**wanted["dependencies"], **wanted["devDependencies"]}.values():
        assert version[0].isdecimal(), version


def test_addresses_are_stripped_from_a_lock(tmp_path):
    lock = tmp_path / "lock.json"
    lock.write_text('{\n  "a": {\n    "version": "1",\n    "resolved": "https://registry.example/a.tgz",\n    "integrity": "x"\n  }\n}\n')
    assets.strip_addresses(lock)
    assert json.loads(lock.read_text()) == {"a": {"version": "1", "integrity": "x"}}


def test_nothing_is_fetched_when_nothing_is_new(monkeypatch):
    if not assets.up_to_date():
        pytest.skip("the front-end packages are not fetched")
    monkeypatch.setattr("subprocess.run", lambda *given, **more: pytest.fail(f"{given} was run"))
    assert assets.fetch() is False


def test_the_folder_is_not_committed():
    if shutil.which("git") is None or not (assets.ROOT / ".git").exists():
        pytest.skip("no checkout")
    listed = ["git", "ls-files", "--", "care/static/vendor"]
    assert subprocess.run(listed, cwd=assets.ROOT, capture_output=True, text=True, timeout=20, check=True).stdout == ""


def test_sprite_has_a_symbol_per_icon():
    if not assets.up_to_date():
        pytest.skip("the front-end packages are not fetched")
    sprite = (assets.VENDOR / "icons.svg").read_text()
    assert all(f'<symbol id="{name}"' in sprite for name in assets.ICONS)
    assert all((assets.VENDOR / target).is_file() for target in assets.FILES.values())
