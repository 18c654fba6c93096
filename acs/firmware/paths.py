"""Which images lead a device from what it runs to what is wanted: the shortest chain, or the reason why there is none. Pure.

An image is a way from every version its rule admits to its own version. Of chains of one length the one with the fewest steps back wins,
then the one through the newest versions.
"""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from heapq import heappop, heappush

from acs.errors import Invalid
from acs.firmware.versions import admits, version_key
from acs.firmware.views import ImageState, ImageView, NoPath, Path, Runs

STEPS_MOST = 10
Asked = Callable[[str], bool]
"""Whether the device is among those a query selects."""


def unfit(image: ImageView, runs: Runs, asked: Asked | None = None) -> str:
    """Why the image is not for this device, whatever it runs; "" where it is. Without `asked` queries are taken as answered with yes."""
    names = image.all_models
    if names and not {runs.model, runs.product_class} & set(names):
        return f"Image {image.id} is for model {', '.join(names)}; this device is a {runs.model or runs.product_class}."
    if image.oui and image.oui != runs.oui:
        return f"Image {image.id} is for devices of {image.oui}; this one is of {runs.oui}."
    if image.vendor and image.vendor.lower() != runs.vendor.lower():
        return f"Image {image.id} is for devices of {image.vendor}; this one is of {runs.vendor or 'an unknown maker'}."
    if image.hardware and not any(fnmatchcase(runs.hardware_version.lower(), pattern.lower()) for pattern in image.hardware):
        return f"Image {image.id} is for hardware {', '.join(image.hardware)}; this device has {runs.hardware_version or 'an unknown one'}."
    if image.query and asked is not None and not asked(image.query):
        return f"Image {image.id} is for devices with {image.query}; this one is not among them."
    return ""


def find(images: Iterable[ImageView], runs: Runs, wanted: ImageView, asked: Asked | None = None, force: bool = False) -> Path | NoPath:
    """The way to `wanted` over released images that fit. `force`: loads it even where its version runs already."""
    if reason := refusal(wanted) or unfit(wanted, runs, asked):
        return NoPath(reason)
    now = runs.software_version
    is_downgrade = bool(now) and version_key(wanted.version) < version_key(now)
    if now == wanted.version and not force:
        return Path(now, ())
    if admits(wanted.from_versions, now):
        return Path(now, (wanted,), is_downgrade)
    if not now:
        return NoPath(f"Image {wanted.id} ({wanted.version}) can only be loaded from {wanted.from_versions}, and what the device runs is unknown.")
    others = (image for image in images if image.state is ImageState.RELEASED and image.version not in (now, wanted.version))
    usable = [image for image in others if not unfit(image, runs, asked)]
    steps = _shortest([*usable, wanted], now, wanted)
    return Path(now, steps, is_downgrade) if steps else NoPath(_why_none(usable, now, wanted))


def refusal(image: ImageView) -> str:
    """Why the image goes to nobody."""
    return f"Image {image.id} ({image.version}) was withdrawn." if image.state is ImageState.WITHDRAWN else ""


def check_fits(image: ImageView, runs: Runs, asked: Asked | None = None) -> None:
    """Invalid (field image) where the image is not for this device."""
    if reason := refusal(image) or unfit(image, runs, asked):
        raise Invalid(reason, "image")


def _shortest(images: list[ImageView], start: str, wanted: ImageView) -> tuple[ImageView, ...]:
    """Dijkstra over versions. Cost of a chain: its length, its steps back, and how many newer images it passed by at each step."""
    newest_first = sorted(images, key=lambda image: (version_key(image.version), image.id), reverse=True)
    heap: list[tuple[int, int, tuple[int, ...], str, tuple[ImageView, ...]]] = [(0, 0, (), start, ())]
    seen: set[str] = set()
    while heap:
        length, back, places, version, chain = heappop(heap)
        if chain and chain[-1].id == wanted.id:
            return chain
        if version in seen or length >= STEPS_MOST:
            continue
        seen.add(version)
        for place, image in enumerate(newest_first):
            if image.version not in seen and admits(image.from_versions, version):
                is_back = version_key(image.version) < version_key(version)
                heappush(heap, (length + 1, back + is_back, (*places, place), image.version, (*chain, image)))
    return ()


def _why_none(usable: list[ImageView], now: str, wanted: ImageView) -> str:
    before = [image for image in usable if admits(wanted.from_versions, image.version)]
    told = f"Image {wanted.id} ({wanted.version}) can only be loaded from {wanted.from_versions}; this device runs {now}"
    if not before:
        return f"{told}, and no released image for it brings it there."
    needs = "; ".join(f"{image.version} from {image.from_versions}" for image in before[:5])
    return f"{told}. What would lead there cannot be loaded either: {needs}."
