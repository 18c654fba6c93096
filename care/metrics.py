"""Counters of the web process for Prometheus. One registry per process, handed down; nothing here is a module global."""

import time
from typing import cast

from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

EXTENSION = "hearthline-metrics"


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("hearthline_web_requests", "Requests by route and status.", ("route", "status"), registry=self.registry)
        self.seconds = Histogram(
            "hearthline_web_seconds", "Time to answer a request.", ("route",), registry=self.registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10),
        )  # fmt: skip
        self.streams = Gauge("hearthline_web_streams", "Open live streams.", registry=self.registry)
        self.events = Counter("hearthline_web_events", "Live events sent.", registry=self.registry)

    def text(self) -> bytes:
        return generate_latest(self.registry)


def metrics() -> Metrics:
    return cast(Metrics, current_app.extensions[EXTENSION])


def install(app: Flask, metrics: Metrics) -> None:
    app.extensions[EXTENSION] = metrics

    @app.before_request
    def _begin() -> None:
        g.begun = time.perf_counter()

    @app.after_request
    def _count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        metrics.requests.labels(route, str(response.status_code)).inc()
        if "begun" in g:
            metrics.seconds.labels(route).observe(time.perf_counter() - g.begun)
        return response
