"""The one list of what the application serves."""

from care.blueprints import api_blueprints, page_blueprints


def test_names_and_places_are_given_once():
    names = [bp.name for bp in (*page_blueprints(), *api_blueprints())]
    assert len(names) == len(set(names))


def test_rest_lives_under_its_version():
    assert all(str(bp.url_prefix).startswith("/api/v1") for bp in api_blueprints())


def test_pages_and_rest_of_a_feature_are_both_there():
    pages = {bp.name for bp in page_blueprints()}
    for feature in ("devices", "operations", "firmware", "sessions", "jobs", "users"):
        assert feature in pages
    paths = {str(bp.url_prefix).rsplit("/", 1)[-1] for bp in api_blueprints()}
    assert paths & {"devices", "v1"}
