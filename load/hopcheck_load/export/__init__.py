"""Metrics of a run under load while it goes on: for Prometheus, and for OpenTelemetry collectors."""
