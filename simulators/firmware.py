"""The firmware images simulated CPEs understand. Any file will do; one with our header says its version and its model.

`loops` is for bad firmware: so many seconds after every start it starts again.

HEARTHLINE-FIRMWARE
version: 3.3.0
model: Norvik G240
loops: 8
size: 100000

… filling …
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

MAGIC = b"HEARTHLINE-FIRMWARE"
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_ARCHIVE = re.compile(r"\.(?:bin|img|zip|tar|gz|xz|fw|pkg)\b.*", re.I)


class ImageFault(Exception):
    """Why an image is not installed: 9018, with a sentence."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def make_file(magic: bytes, said: dict[str, str], size: int) -> bytes:
    """A file of exactly `size` octets with our header and a checksum. ValueError if the header does not fit."""
    lines = "".join(f"{name}: {text}\n" for name, text in said.items())
    head = magic + f"\n{lines}size: {size}\n".encode()
    fill = size - len(head) - len("sha256: \n\n") - 64
    if fill < 0:
        raise ValueError(f"such a file has at least {len(head) + 75} octets, not {size}")
    filling = (hashlib.sha256(head).digest() * (fill // 32 + 1))[:fill]
    return head + f"sha256: {hashlib.sha256(filling).hexdigest()}\n\n".encode() + filling


def read_header(content: bytes) -> dict[str, str]:
    """What the header of a file of ours says. ImageFault 9018 where its size or its checksum is wrong."""
    head, _, filling = content.partition(b"\n\n")
    said = dict(line.split(": ", 1) for line in head.decode("utf-8", "replace").splitlines()[1:] if ": " in line)
    if "size" in said and said["size"] != str(len(content)):
        raise ImageFault(9018, f"the file says {said['size'][:20]} octets, it has {len(content)}")
    if "sha256" in said and said["sha256"] != hashlib.sha256(filling).hexdigest():
        raise ImageFault(9018, "the checksum of the file is wrong")
    return said


def make_image(model: str, version: str, size: int = 65536, loops_s: float = 0) -> bytes:
    """A firmware image for one model. ValueError if the header does not fit. With `loops_s` it restarts so many seconds after every start."""
    return make_file(MAGIC, {"version": version, "model": model, **({"loops": f"{loops_s:g}"} if loops_s else {})}, size)


def loops_of(image: bytes) -> float:
    """After how many seconds this firmware starts again, 0 for one that stays up."""
    if not image.startswith(MAGIC):
        return 0.0
    try:
        return max(0.0, float(read_header(image).get("loops", 0)))
    except ValueError:
        return 0.0


def version_of(image: bytes, model: str, url: str, target: str) -> str:
    """The version an image brings. ImageFault 9018 for another model, a wrong checksum, or an empty file.

    Without our header: what looks like a version in the target file name or the URL, else the target file name, else "unknown".
    """
    if not image:
        raise ImageFault(9018, "the file is empty")
    if not image.startswith(MAGIC):
        return _from_names(url, target)
    said = read_header(image)
    if said.get("model", model) != model:
        raise ImageFault(9018, f"the image is for {said['model'][:60]}, this is {model}")
    return said.get("version", "").strip()[:64] or _from_names(url, target)


def _from_names(url: str, target: str) -> str:
    name = url.partition("?")[0].rpartition("/")[2]
    for text in (target, name):
        found = _VERSION.search(_ARCHIVE.sub("", text))
        if found:
            return found[0][:64]
    return _ARCHIVE.sub("", target)[:64] or "unknown"


def write_current(folder: Path) -> None:
    """An image of today's firmware of every simulated model: `Norvik_G240_3.2.4.bin`."""
    from simulators.profile import profiles

    folder.mkdir(parents=True, exist_ok=True)
    for profile in profiles().values():
        (folder / f"{profile.name}_{profile.firmware}.bin".replace(" ", "_")).write_bytes(
            make_image(profile.name, profile.firmware, 400_000)
        )


if __name__ == "__main__":
    if len(sys.argv) == 2:
        write_current(Path(sys.argv[1]))
    elif len(sys.argv) == 3:
        sys.stdout.buffer.write(make_image(sys.argv[1], sys.argv[2], 300_000))
    else:
        sys.exit("usage: python -m simulators.firmware MODEL VERSION > FILE, or FOLDER for today's images of all models")
