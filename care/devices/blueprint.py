"""The blueprint that the pages of devices share; routes.py names the modules that add to it."""

from flask import Blueprint

from care.devices import words
from care.devices.looks import action_words

bp = Blueprint("devices", __name__, template_folder="templates", url_prefix="/devices")
bp.add_app_template_global(words.duration, "duration_words")
bp.add_app_template_global(words.size, "size_words")
bp.add_app_template_global(words.origin_words, "origin_words")
bp.add_app_template_global(action_words, "action_words")
