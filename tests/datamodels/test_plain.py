from __future__ import annotations

import pytest

from datamodels.plain import LONGEST, Surroundings, plain

HERE = Surroundings(
    name="Channel", object_name="Radio", units="seconds", counted="Host", data_type_text="An address.", templates={"T": "See ''it''."}
)


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ("{{param}} of {{object}}", "Channel of Radio"),
        ("{{param|#.Enable}} or {{object|Device.WiFi.SSID.{i}.}}", "Enable or Device.WiFi.SSID.{i}"),
        ("Time in {{units}}.", "Time in seconds."),
        ("{{numentries}}", "The number of entries in the Host table."),
        ("{{datatype|expand}}", "An address."),
        ("{{template|T}}", "See it."),
        ("{{bibref|RFC4291|Section 2}}", "RFC4291 Section 2"),
        ("{{enum}} May be {{enum|Up}}, {{true}} or {{empty}}.", "May be Up, true or an empty string."),
        ("{{list|of words}}", "Comma-separated list of words."),
        ("{{nonsense|x}}Text", "Text"),
        ("One\n  line.\n\n  '''Two'''.", "One line. Two."),
    ],
)
def test_markup_becomes_words(markup, said):
    assert plain(markup, HERE) == said


def test_a_long_text_ends_after_a_sentence():
    text = plain("A" * 200 + ". " + "B" * 200 + ".", HERE)
    assert text == "A" * 200 + "."


def test_a_long_sentence_ends_at_a_word():
    text = plain("word " * 100, HERE)
    assert len(text) <= LONGEST + 2
    assert text.endswith("word …")


def test_templates_that_need_each_other_end_somewhere():
    loop = Surroundings(templates={"A": "{{template|B}}", "B": "{{template|A}}"})
    assert isinstance(plain("{{template|A}}", loop), str)
