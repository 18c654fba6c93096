"""The pages of hooks: written, tried on a stored device, published, switched."""

import re

import pytest

from acs.audit import Actor
from acs.db.tenancy import DEFAULT_TENANT
from tests.care import samples
from tests.care.conftest import OTHER_TENANT

ANNA = Actor("user:anna", DEFAULT_TENANT)
CODE = "function hook(d) {\n  log('model', d.device.model);\n  return { 'wifi.2g.channel': 11, 'wifi.2g.ssid': 5 };\n}"


@pytest.fixture
def hook(services):
    made = services.hooks.create(ANNA, "quiet", "values", code=CODE)
    yield made
    services.hooks._running.runner.close()


def text(answer):
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def test_hook_is_made_and_lands_in_its_editor(engineer, services):
    assert "No hook yet" in text(engineer.get("/hooks/"))
    made = engineer.post("/hooks/new", data={"name": "quiet", "kind": "verdict", "time_ms": "50", "memory_mb": "8", "description": "d"})
    assert made.status_code == 302
    page = text(engineer.get(made.location))
    assert "function hook(d)" in page and "Draft" in page
    assert services.hooks.listed(DEFAULT_TENANT)[0].limits.time_ms == 50
    again = engineer.post("/hooks/new", data={"name": "quiet", "kind": "values", "time_ms": "5", "memory_mb": "8"})
    assert again.status_code == 422


def test_try_shows_values_problems_logs_and_saves_nothing(engineer, services, hook, home):
    device = home(samples.NORVIK, 1)
    answer = engineer.post(f"/hooks/{hook}/try", data={"code": CODE, "device": str(device)})
    page = text(answer)
    assert answer.status_code == 200
    assert "wifi.2g.channel" in page and "can be written" in page
    assert "must be a text" in page and "model" in page
    assert services.hooks.get(DEFAULT_TENANT, hook).runs == 0
    broken = text(engineer.post(f"/hooks/{hook}/try", data={"code": "function hook(d) {\n  d.x.y;\n}", "device": str(device)}))
    assert "It ended with an error" in broken and "Line 2:" in broken and "d.x.y" in broken
    missing = engineer.post(f"/hooks/{hook}/try", data={"code": CODE, "device": "nobody"})
    assert missing.status_code == 422 and "nobody" in text(missing)


def test_draft_is_kept_published_and_compared(engineer, services, hook):
    assert engineer.post(f"/hooks/{hook}/publish/1").status_code == 302
    assert engineer.post(f"/hooks/{hook}/draft", data={"code": CODE + "\n// two", "note": "a note"}).status_code == 302
    page = text(engineer.get(f"/hooks/{hook}/versions/2"))
    assert "What changed since version 1" in page and "+// two" in page
    services.hooks.save(ANNA, hook, "function hook(d) {")
    refused = engineer.post(f"/hooks/{hook}/publish/2")
    assert refused.status_code == 422 and "It was not published: Line 1: SyntaxError" in text(refused)
    assert services.hooks.get(DEFAULT_TENANT, hook).published == 1
    assert engineer.post(f"/hooks/{hook}/retire").status_code == 302
    assert services.hooks.get(DEFAULT_TENANT, hook).published is None


def test_hook_is_switched_described_and_deleted(engineer, services, hook):
    engineer.post(f"/hooks/{hook}/switch", data={"on": "no", "reason": "north"})
    assert "Somebody switched it off: north" in text(engineer.get(f"/hooks/{hook}"))
    engineer.post(f"/hooks/{hook}/switch", data={"on": "yes"})
    engineer.post(f"/hooks/{hook}/settings", data={"description": "new", "time_ms": "70", "memory_mb": "16"})
    assert services.hooks.get(DEFAULT_TENANT, hook).limits.time_ms == 70
    assert engineer.post(f"/hooks/{hook}/settings", data={"time_ms": "7", "memory_mb": "16"}).status_code == 422
    assert engineer.post(f"/hooks/{hook}/delete").location == "/hooks/"
    assert services.hooks.listed(DEFAULT_TENANT) == ()


def test_who_may_only_look_changes_nothing(viewer, services, hook):
    assert "quiet" in text(viewer.get("/hooks/"))
    page = text(viewer.get(f"/hooks/{hook}"))
    assert "readonly" in page and "Keep as draft" not in page
    for path in ("draft", "try", "publish/1", "retire", "switch", "settings", "delete"):
        assert viewer.post(f"/hooks/{hook}/{path}", data={"code": "x"}).status_code == 403
    assert viewer.get("/hooks/new").status_code == 403


def test_hooks_of_another_tenant_are_reached_by_no_route(app, signed_in, services):
    theirs = services.hooks.create(Actor("user:theirs", OTHER_TENANT), "theirs", "values", code=CODE)
    browser, walked = signed_in(), 0
    for rule in app.url_map.iter_rules():
        if not rule.arguments or not rule.arguments <= {"hook_id", "number"}:
            continue
        url = re.sub(r"<int:(\w+)>", lambda found: str(theirs if found[1] == "hook_id" else 1), rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            body = {"code": "x", "device": "1", "time_ms": "50", "memory_mb": "8", "csrf_token": browser.token()}
            is_api = url.startswith("/api/")
            given = {"json": {"code": "x", "device": "1", "time_ms": 50}, "headers": {"X-CSRFToken": browser.token()}} if is_api else {"data": body}
            answer = browser.client.open(url, method=method, **({} if method == "GET" else given))
            assert answer.status_code in (404, 422), f"{method} {url}: {answer.status_code}"
            walked += 1
    assert walked >= 16
    assert [hook.state for hook in services.hooks.listed(OTHER_TENANT)] == ["on"]
    assert "theirs" not in text(browser.get("/hooks/"))
