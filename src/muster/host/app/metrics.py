"""What a running host measures, for Prometheus, and whether it is healthy. Names are stable: see docs/operate."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from muster.host.adapters.http_pages import Page
from muster.host.service.server import Server

_PLAIN = "text/plain; charset=utf-8"


class HostMetrics(Collector):
    """Reads a server; the pages ``/metrics`` and ``/health``."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def metrics(self) -> Page:
        """Everything, in Prometheus' text format."""
        return Page("200 OK", CONTENT_TYPE_LATEST, generate_latest(self._registry))

    def health(self) -> Page:
        """200 while machines can be counted, 503 with the reason otherwise."""
        trouble = self._server.trouble()
        return (
            Page("503 Service Unavailable", _PLAIN, f"{trouble}\n".encode())
            if trouble
            else Page("200 OK", _PLAIN, b"ok\n")
        )

    def collect(self) -> Iterator[Metric]:
        """The families, read now."""
        server = self._server
        outcomes = CounterMetricFamily(
            "muster_host_requests", "What became of requests and connections.", labels=["outcome"]
        )
        for outcome, number in sorted(server.outcomes.items()):
            outcomes.add_metric([outcome.replace(" ", "_")], number)
        outcomes.add_metric(["made_room"], server.made_room)
        yield outcomes
        codes = CounterMetricFamily("muster_host_refusals", "Refusals and hints by code.", labels=["code"])
        for code, number in sorted(server.codes.items()):
            codes.add_metric([code], number)
        yield codes
        yield GaugeMetricFamily("muster_host_connections", "Open connections.", value=server.connections)
        yield GaugeMetricFamily("muster_host_busy", "1 while the store takes nothing.", value=int(server.is_busy))
        yield GaugeMetricFamily(
            "muster_host_new_id_prefixes",
            "Networks that new ids came from in about an hour.",
            value=server.new_id_prefixes,
        )
        yield CounterMetricFamily("muster_host_commits", "Group commits.", value=server.commits)
        labels = ["vendor", "group"]
        count = GaugeMetricFamily("muster_host_count", "Machines counted.", labels=labels)
        size = GaugeMetricFamily(
            "muster_host_cache_size", "Newest ids kept: the largest count that can be told.", labels=labels
        )
        for (vendor, group), told, kept in server.groups():
            count.add_metric([vendor.hex(), str(group)], told)
            size.add_metric([vendor.hex(), str(group)], kept)
        yield count
        yield size
        ends = GaugeMetricFamily(
            "muster_host_certificate_end_seconds", "End of a certificate.", labels=["vendor", "serial"]
        )
        for vendor, serial, end in server.certificate_ends():
            ends.add_metric([vendor.hex(), str(serial)], end)
        yield ends
