"""Structured logs: one line per event, JSON in production, with the request id."""

import logging
from typing import Any

import structlog


def _without_secrets(_: object, __: str, event: dict[str, object]) -> dict[str, object]:
    for key in event:
        if any(word in key.lower() for word in ("password", "secret", "token", "authorization", "cookie")):
            event[key] = "[removed]"
    return event


def formatter(json: bool = False) -> logging.Formatter:
    """Return a formatter that renders standard log records through structlog."""
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _without_secrets,
    ]
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chain,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
