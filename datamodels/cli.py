"""`hearthline datamodel`: compile BBF files into the index, and show what a path means. It wires and decides nothing."""

from __future__ import annotations

from pathlib import Path

import click

from datamodels import compiled, tree
from datamodels.check import limits_in_words
from datamodels.entry import Document, Entry
from datamodels.reader import NotADataModel, read


@click.group()
def datamodel() -> None:
    """The Broadband Forum data models this installation knows."""


@datamodel.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--out",
    "directory",
    default=tree.INDEX_DIRECTORY,
    show_default="the index of this installation",
    type=click.Path(file_okay=False, path_type=Path),
)
def import_(files: tuple[Path, ...], directory: Path) -> None:
    """Compile flattened models (*-full.xml, plain or .xz). Of two with the same name and major version the newer stays."""
    newest: dict[str, Document] = {}
    for path in files:
        try:
            document = read(path)
        except NotADataModel as error:
            raise click.ClickException(str(error)) from error
        stem = compiled.file_stem(document.name)
        if stem not in newest or _minor(newest[stem]) < _minor(document):
            newest[stem] = document
    directory.mkdir(parents=True, exist_ok=True)
    for document in newest.values():
        structure, _ = compiled.write(document, directory)
        objects = sum(entry.is_object for entry in document.entries)
        click.echo(f"{document.name}: {objects} objects, {len(document.entries) - objects} parameters -> {structure.name}")
    _write_secrets(directory)
    _write_notice(directory)


@datamodel.command()
@click.argument("path")
def show(path: str) -> None:
    """Say what the models know about PATH, with or without instance numbers."""
    root = path.partition(".")[0]
    try:
        model = tree.for_root(root)
    except KeyError as error:
        raise click.ClickException(str(error.args[0])) from error
    entry = model.lookup(path) or model.lookup(path + ".")
    if entry is None:
        raise click.ClickException(f"{model.name} knows no {path}")
    click.echo("\n".join(_lines(entry)))
    if entry.is_object:
        for below in (*model.parameters_of(entry.template), *model.children(entry.template)):
            click.echo(f"  {'w' if below.writable else '-'} {below.template.removeprefix(entry.template)}")


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


def _minor(document: Document) -> int:
    return int(document.name.rpartition(".")[2])


def _indexes(directory: Path) -> list[compiled.Index]:
    stems = sorted(path.name.removesuffix(".index.zz") for path in directory.glob("*.index.zz"))
    return [compiled.load(directory, stem) for stem in stems]


def _write_secrets(directory: Path) -> None:
    """One template a line. Read by `check.is_secret`, which must not load every model to hide a password."""
    found: set[str] = set()
    for index in _indexes(directory):
        found |= set(tree.Model(index).secret_templates())
    (directory / "secret-paths.txt").write_text("\n".join(sorted(found)) + "\n")


def _write_notice(directory: Path) -> None:
    """The licence asks that the copyright lines travel with derived files."""
    lines = ["Compiled from data models of the Broadband Forum; licence: LICENSE-BBF.txt in the folder above.", ""]
    for index in _indexes(directory):
        lines += [f"{index.name} ({index.source})", *(f"  {line}" for line in index.copyright)]
    (directory / "NOTICE").write_text("\n".join(lines) + "\n")
