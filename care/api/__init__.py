"""REST under /api/v1 with OpenAPI 3. What a screen can do, the API can do: same service, same permission.

A feature adds `care/api/<feature>.py` with a flask-smorest Blueprint and names it in care/blueprints.py:

    bp = Blueprint("api-devices", __name__, url_prefix="/api/v1/devices", description="…")

    @bp.route("")
    @needs(Permission.VIEW_DEVICES)
    @bp.arguments(PageQuery, location="query")
    @bp.response(200, page_of(DeviceSchema))
    def listed(query): return page(services().devices.…, query["limit"], key=lambda view: view.id)

Errors are {"code", "message", "field"} (care/problems.py). Lists page by key: `?limit=&before=` gives {"items": […], "next": …}; send
`next` as `before` for the following page, null means there is none.
"""

from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template
from flask_smorest import Api
from flask_smorest import Blueprint as ApiBlueprint

from acs import __version__
from care.access import needs, public
from care.api.schemas import ProblemSchema
from care.security.permissions import Permission

docs = Blueprint("api-docs-page", __name__)


@docs.get("/api/v1/docs")
@needs(Permission.OWN_PROFILE)
def page() -> str:
    return render_template("api_docs.html")


class RestApi(Api):
    """flask-smorest without its error pages: problems.py tells of errors, for pages and for programs alike."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        pass

    @public  # what can be asked is no secret; the answers are
    def _openapi_json(self) -> Response:
        return jsonify(self.spec.to_dict())


def install(app: Flask, blueprints: tuple[ApiBlueprint, ...]) -> None:
    app.config.update(
        API_TITLE="Hearthline",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api/v1",
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = RestApi(app)
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "description": "An API token of the profile page."})
    api.spec.options["security"] = [{"token": []}]
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    app.register_blueprint(docs)


def document() -> dict[str, Any]:
    """The OpenAPI document of the current application."""
    api: RestApi = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    return api.spec.to_dict()
