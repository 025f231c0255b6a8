"""Configures structured JSON logs. Texts of jobs, tokens and passwords are never logged."""

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any, cast

import structlog

# httpx logs every URL and Celery every message. Our own log lines about jobs carry their ids.
_VERBOSE_LOGGERS = (
    "httpx",
    "httpcore",
    "alembic.runtime.migration",
    "celery.app.trace",
    "celery.beat",
    "celery.worker.strategy",
)


def configure_logs(*, level: str, process: str) -> None:
    """Write one JSON object per line to stderr, for our loggers and those of libraries."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_process(process),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(format_exception),
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for logger in _VERBOSE_LOGGERS:
        logging.getLogger(logger).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    return cast(structlog.stdlib.BoundLogger, structlog.get_logger(name))


def format_exception(exc_info: Any) -> str:
    """Format a traceback without the details of Postgres, which repeat values of rows, such as texts."""
    formatted = "".join(traceback.format_exception(*exc_info)).rstrip("\n")
    for error in _chain(exc_info[1]):
        if detail := getattr(getattr(error, "diag", None), "message_detail", None):
            formatted = formatted.replace(detail, "(hidden)")
    return formatted


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _name_process(process: str) -> Any:
    def add(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        event["process"] = process
        return event

    return add
