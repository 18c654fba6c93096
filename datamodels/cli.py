"""`hearthline datamodel`: bring models and overlays in, show what a path means, explain a value. It wires and decides nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from datamodels import canonical, compiled, library, overlay, tree
from datamodels.canonical import explain
from datamodels.check import limits_in_words
from datamodels.entry import Entry
from datamodels.importing import Wanted, gather

_FILE = click.Path(exists=True, path_type=Path)


@click.group()
def datamodel() -> None:
    """The data models this installation knows: the Broadband Forum's, and what vendors say beside them."""


def _home(out: Path | None) -> Path:
    """The folder of the data directory, where nothing else is said."""
    if out is not None:
        return out
    from acs import settings

    return settings.load().home / "datamodels"


@datamodel.command("import")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Default: the folder datamodels of the data directory.")
@click.option("--include", multiple=True, type=_FILE, help="Folder or archive with the documents that are imported by these.")
@click.option("--name", default="", help="Name of the overlay; default is the file's.")
@click.option("--oui", default="", help="Only for devices with this OUI: the file becomes an overlay.")
@click.option("--product-class", default="", help="Only for this product class; * for any ending.")
@click.option("--firmware", default="", help='Only for these versions: "2.1.*", ">=2.0 <3".')
def import_(files: tuple[Path, ...], out: Path | None, include: tuple[Path, ...], name: str, oui: str, product_class: str, firmware: str) -> None:
    """Bring in BBF XML (flat, or unflattened with what it imports; .xml, .xz, archives) or overlays (.toml).

    A model of the Broadband Forum takes the place of the shipped one; of two with the same name and major version the newer stays. What is
    said for some devices only is laid over it. Running processes see it with their next look at a device.
    """
    directory = _home(out)
    try:
        found = gather(files, include, Wanted(name, oui, product_class, firmware))
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    directory.mkdir(parents=True, exist_ok=True)
    for document in found.models:
        structure, _ = compiled.write(document, directory)
        objects = sum(entry.is_object for entry in document.entries)
        click.echo(f"{document.name}: {objects} objects, {len(document.entries) - objects} parameters -> {structure.name}")
    for each in found.overlays:
        path = overlay.store(each, directory)
        click.echo(f"{each.name}: {len(each.changes)} changes of {each.root}, {len(each.canonical)} canonical paths -> {path.name}")
    _settle(directory)


@datamodel.command("list")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Default: the folder datamodels of the data directory.")
def list_(out: Path | None) -> None:
    """Which models and overlays count here."""
    library.use(_home(out))
    for name in tree.available():
        model = tree.load(name)
        where = "imported" if (_home(out) / f"{compiled.file_stem(name)}.index.zz").exists() else "shipped"
        click.echo(f"{model.name:<32} {where:<9} {model.source}")
    for each in overlay.overlays():
        scope = ", ".join(filter(None, (each.scope.oui, each.scope.product_class, each.scope.firmware.text))) or "every device"
        click.echo(f"{each.name:<32} overlay   {each.root}, {scope}: {len(each.changes)} changes, {len(each.canonical)} canonical paths")


@datamodel.command()
@click.argument("name")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Default: the folder datamodels of the data directory.")
def remove(name: str, out: Path | None) -> None:
    """Take an overlay, or an imported model (Device:2), away again; the shipped models stay."""
    directory = _home(out)
    files = [directory / f"{compiled.file_stem(name)}.{part}.zz" for part in ("index", "texts")] if ":" in name else []
    if not overlay.remove(name, directory) and not any(path.exists() for path in files):
        raise click.ClickException(f"Nothing named {name} was imported into {directory}.")
    for path in files:
        path.unlink(missing_ok=True)
    _settle(directory)
    click.echo(f"{name} is taken away.")


@datamodel.command()
@click.argument("path")
@click.option("--oui", default="")
@click.option("--product-class", default="")
@click.option("--firmware", default="")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Default: the folder datamodels of the data directory.")
def show(path: str, oui: str, product_class: str, firmware: str, out: Path | None) -> None:
    """Say what the models know about PATH, with or without instance numbers; with a scope, what they know for such a device."""
    library.use(_home(out))
    root = path.partition(".")[0]
    try:
        model = overlay.model_of(root, oui.upper(), product_class, firmware)
    except KeyError as error:
        raise click.ClickException(str(error.args[0])) from error
    entry = model.lookup(path) or model.lookup(path + ".")
    if entry is None:
        raise click.ClickException(f"{model.name} knows no {path}")
    click.echo("\n".join(_lines(entry)))
    if entry.is_object:
        for below in (*model.parameters_of(entry.template), *model.children(entry.template)):
            click.echo(f"  {'w' if below.writable else '-'} {below.template.removeprefix(entry.template)}")


@datamodel.command("explain")
@click.argument("device")
@click.argument("name")
def explain_(device: str, name: str) -> None:
    """Say where the canonical value NAME of DEVICE comes from: path, raw value, rule, conversion, age.

    DEVICE is a device's number, key or serial number, or a file of lines `path=value`.
    """
    try:
        canonical.describe(name)
    except KeyError:
        near = ", ".join(each for each in canonical.names() if name.rpartition(".")[2] in each)[:300]
        raise click.ClickException(f"{name} is no canonical name.{f' Near it: {near}.' if near else ''}") from None
    file = Path(device)
    found = _of_file(file, name) if file.is_file() else _of_device(device, name)
    click.echo("\n".join(found))


def _of_file(file: Path, name: str) -> list[str]:
    lines = (line for line in file.read_text().splitlines() if "=" in line and not line.startswith("#"))
    values = dict(line.split("=", 1) for line in lines)
    root = next(iter(values), "").partition(".")[0]
    library.use(_home(None))
    try:
        return explain(canonical.Resolver(values, root), name).lines()
    except KeyError as error:
        raise click.ClickException(str(error.args[0])) from error


def _of_device(device: str, name: str) -> list[str]:
    from acs import settings
    from acs.db.engine import Database
    from acs.db.revision import require_current
    from acs.db.tenancy import DEFAULT_TENANT
    from acs.devices import service as devices
    from acs.errors import HearthlineError, WrongEnvironment
    from acs.provisioning.quirks import corrections
    from acs.quirks import service as quirks

    given, now = settings.load(), datetime.now(UTC)
    library.use(given.home / "datamodels")
    db = Database(given.database)
    try:
        require_current(db)
        with db.read() as session:
            head = devices.get(session, DEFAULT_TENANT, devices.find(session, DEFAULT_TENANT, device), now)
            known = devices.tree(session, DEFAULT_TENANT, head.id).values
            means = corrections(quirks.of_model(session, DEFAULT_TENANT, head.oui, head.product_class, head.software_version, ("scales", "inverted")))
    except (HearthlineError, WrongEnvironment) as error:
        raise click.ClickException(str(error)) from error
    finally:
        db.close()
    if head.root not in tree.ROOTS:
        raise click.ClickException(f"Nothing is known of the parameters of device {head.serial_number} yet.")
    model = overlay.model_of(head.root, head.oui, head.product_class, head.software_version)
    found = explain(canonical.Resolver({path: each.value for path, each in known.items()}, head.root, means, model), name)
    lines = [f"Device {head.serial_number}, {head.model or head.product_class} {head.software_version}".rstrip(), *found.lines()]
    if found.resolved is not None:
        stored = known[found.resolved.path]
        lines.append(f"Age:   {int((now - stored.at).total_seconds())} s, since {stored.at:%Y-%m-%d %H:%M:%S} UTC, origin {stored.origin}")
    return lines


def _lines(entry: Entry) -> list[str]:
    access = "may be written" if entry.writable else "read only"
    lines = [f"{entry.template}  ({entry.type}{' list' if entry.is_list else ''}, {access})", entry.description]
    rule = limits_in_words(entry)
    lines += [f"Allowed: {rule}"] if rule else []
    lines += [f"Unit: {entry.units}"] if entry.units else []
    lines += [f"Default: {entry.default!r}"] if entry.default is not None else []
    lines += [f"Since: {entry.since}"] if entry.since else []
    lines += [f"Status: {entry.status}"] if entry.status != "current" else []
    return [line for line in lines if line]


def _indexes(directory: Path) -> list[compiled.Index]:
    stems = sorted(path.name.removesuffix(".index.zz") for path in directory.glob("*.index.zz"))
    return [compiled.load(directory, stem) for stem in stems]


def _settle(directory: Path) -> None:
    """Secrets and notice of what is in the folder now; then every process is told."""
    _write_secrets(directory)
    _write_notice(directory)
    if directory != tree.INDEX_DIRECTORY:
        library.touch(directory)


def _write_secrets(directory: Path) -> None:
    """One template a line. Read by `check.is_secret`, which must not load every model to hide a password."""
    found: set[str] = set()
    for index in _indexes(directory):
        found |= set(tree.Model(index).secret_templates())
    if directory != tree.INDEX_DIRECTORY:
        library.use(directory)
        library.forget()
        for each in overlay.overlays():
            found |= {change.template for change in each.changes if change.syntax.get("hidden") or change.syntax.get("secured")}
    (directory / library.SECRETS).write_text("\n".join(sorted(found)) + "\n")


def _write_notice(directory: Path) -> None:
    """The licence asks that the copyright lines travel with derived files."""
    lines = ["Compiled from data models of the Broadband Forum; licence: LICENSE-BBF.txt of this package, in the folder datamodels.", ""]
    for index in _indexes(directory):
        lines += [f"{index.name} ({index.source})", *(f"  {line}" for line in index.copyright)]
    (directory / "NOTICE").write_text("\n".join(lines) + "\n")
