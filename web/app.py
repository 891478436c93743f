"""Makes the Flask application out of its settings, the way to the ledger and the pipelines."""

from collections.abc import Mapping

from flask import Flask

from jobs.client import JobClient
from jobs.grants import GrantStore
from jobs.tracing import Tracer
from models.catalogue import Pipeline, load_pipelines
from web import access, access_log, answers, bodies, compression, limits, security, spans, traffic
from web.keyring import Keyring
from web.room import Room
from web.services import EXTENSION, Services
from web.settings import WebSettings
from web.views import (
    batches,
    events,
    failed,
    health,
    metrics,
    models,
    pages,
    pipelines,
    reference,
    signin,
    status,
)
from web.views import jobs as jobs_view

BLUEPRINTS = (
    jobs_view.bp,
    events.bp,
    batches.bp,
    pipelines.bp,
    reference.bp,
    health.bp,
    metrics.bp,
    pages.bp,
    models.bp,
    signin.bp,
    failed.bp,
    status.bp,
)


def create_app(
    settings: WebSettings,
    client: JobClient,
    pipelines: Mapping[str, Pipeline] | None = None,
    *,
    tracer: Tracer | None = None,
) -> Flask:
    """Make the application; `pipelines` are those of `models/pipelines.toml` unless given."""
    app = Flask("web", static_folder="static", template_folder="templates")
    app.extensions[EXTENSION] = Services(
        settings=settings,
        client=client,
        keyring=Keyring(GrantStore(client.ledger.client)),
        pipelines=load_pipelines() if pipelines is None else pipelines,
        room=Room(settings.max_bodies_bytes),
    )
    answers.register(app)
    bodies.register(app)
    access_log.register(app)
    traffic.register(app)
    spans.register(app, tracer)
    compression.register(app)
    security.register(app)
    access.register(app)
    limits.register(app, settings, client.ledger.settings.redis_url)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
