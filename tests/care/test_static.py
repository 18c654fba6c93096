"""What no page may contain, and what the tokens promise."""

import re
from pathlib import Path

import pytest

from care import assets

CARE = Path(__file__).parent.parent.parent / "care"
TEMPLATES = sorted(CARE.rglob("templates/**/*.html"))
SHEETS = sorted(path for path in CARE.rglob("*.css") if "vendor" not in path.parts)
SCRIPTS = sorted(path for path in CARE.rglob("*.js") if "vendor" not in path.parts)
TOKENS = CARE / "static" / "tokens.css"
RAW_COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\()|\b(?:rgba?|hsla?|oklch|lab|color)\(", re.I)
NAMED_COLOUR = re.compile(r":[^;]*\b(?:white|black|red|green|blue|gray|grey|orange|yellow)\b")
HEX_IN_TEMPLATE = re.compile(r"(?:fill|stroke|color|background)\s*[:=]\s*[\"']?(?:#[0-9a-fA-F]{3}|rgb|hsl)", re.I)


def ident(path: Path) -> str:
    return str(path.relative_to(CARE))


@pytest.mark.parametrize("path", [path for path in SHEETS if path != TOKENS], ids=ident)
def test_sheets_take_every_colour_from_the_tokens(path):
    text = re.sub(r"/\*.*?\*/|url\([^)]*\)|unicode-range:[^;]*;", "", path.read_text(), flags=re.S)
    found = [line.strip() for line in text.splitlines() if RAW_COLOUR.search(line) or NAMED_COLOUR.search(line)]
    assert not found


@pytest.mark.parametrize("path", SHEETS, ids=ident)
def test_sheets_use_only_tokens_that_exist(path):
    known = set(re.findall(r"(--hl-[\w-]+)\s*:", TOKENS.read_text()))
    assert set(re.findall(r"var\((--hl-[\w-]+)", path.read_text())) - known == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=ident)
def test_templates_have_no_inline_style_script_or_colour(path):
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text)
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert not re.search(r"javascript:|hx-on|hx-vals=[\"']js:", text)
    assert not HEX_IN_TEMPLATE.search(text)


@pytest.mark.parametrize("path", TEMPLATES, ids=ident)
def test_forms_that_post_carry_the_proof(path):
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", path.read_text(), re.S | re.I):
        assert "csrf()" in form or "csrf_token()" in form, form[:120]


@pytest.mark.parametrize("path", TEMPLATES, ids=ident)
def test_icons_of_templates_are_in_the_sprite(path):
    used = set(re.findall(r"\bicon\(\s*\"([\w-]+)\"", path.read_text()))
    assert used <= set(assets.ICONS)


def test_icons_of_the_navigation_are_in_the_sprite():
    from care.navigation import AREAS

    assert {area.icon for area in AREAS} <= set(assets.ICONS)


@pytest.mark.parametrize("path", SCRIPTS, ids=ident)
def test_scripts_need_no_eval_and_write_no_style_attributes(path):
    text = path.read_text()
    assert not re.search(r"\beval\(|new Function|setAttribute\([\"']style|\.innerHTML\s*=|document\.write", text)


# ---- contrast ----------------------------------------------------------------------------------------------------


def themes() -> dict[str, dict[str, str]]:
    text = TOKENS.read_text()
    found = {}
    for name, block in re.findall(r'\[data-bs-theme="(light|dark)"\]\s*\{(.*?)\}', text, re.S):
        found[name] = dict(re.findall(r"--hl-([\w-]+):\s*(#[0-9a-f]{6})", block))
    return found


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ("bg", "surface", "surface-2")
STATES = ("ok", "warn", "bad", "info", "idle")
TEXT_PAIRS = [
    *((text, ground) for text in ("text", "text-2", "text-3", "accent", *STATES) for ground in GROUNDS),
    *((state, f"{state}-soft") for state in STATES),
    ("accent", "accent-soft"),
    ("on-accent", "accent-fill"),
    ("on-accent", "accent-hover"),
    ("on-bad", "bad-fill"),
    ("text", "sunken"),
    ("text-2", "sunken"),
]
MARK_PAIRS = [(mark, "surface") for mark in ("control", "focus", *(f"{state}-mark" for state in STATES))]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT_PAIRS)
def test_text_reaches_its_contrast(theme, front, back):
    colours = themes()[theme]
    assert contrast(colours[front], colours[back]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), MARK_PAIRS)
def test_marks_reach_their_contrast(theme, front, back):
    colours = themes()[theme]
    assert contrast(colours[front], colours[back]) >= 3.0
