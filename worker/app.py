"""The Celery application. Celery carries ids and runs threads. The database makes jobs durable."""

import warnings
from typing import Any

from celery import Celery, signals
from celery.exceptions import SecurityWarning

from common.logs import configure_logs
from common.messaging import broker, queue_names
from common.settings import Settings, get_settings
from worker.runtime import redis_transport

CLEAN_EVERY_S = 600.0


def create_app(settings: Settings) -> Celery:
    redis_transport.install()
    app = Celery("oratio", include=["worker.lifecycle", "worker.tasks"], fixups=[])
    app.config_from_object(_configuration(settings))
    # A queue without an exchange needs no binding. Otherwise Celery would leave two keys in Redis for each queue of a
    # worker's own, whose name has its process id.
    amqp: Any = app.amqp
    amqp.autoexchange = lambda _name: None
    return app


def _configuration(settings: Settings) -> dict[str, Any]:
    ops = queue_names.full_name(queue_names.OPS, prefix=settings.queue_prefix)
    return {
        "broker_url": settings.redis_url,
        # No result backend: results are in the database, and a backend costs two subscriptions per call.
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        # A message is acknowledged after the work. If the process dies, the lease returns the part to its queue long
        # before the visibility time-out. Rejecting on a lost worker would run a text that crashes it for ever.
        "task_acks_late": True,
        "task_reject_on_worker_lost": False,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # A Redis that refuses commands, for example because its disk is full, would end the process.
        "broker_channel_error_retry": True,
        "broker_transport_options": {
            "visibility_timeout": 21_600,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "global_keyprefix": broker.KEY_PREFIX,
            # Queues are emptied in their order. Interactive ones come before bulk ones.
            "queue_order_strategy": "priority",
            # One Redis list per queue instead of four: lanes are queues, not priorities.
            "priority_steps": [0],
        },
        "task_default_queue": ops,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "beat_schedule": {
            "clean": {
                "task": "oratio.clean",
                "schedule": CLEAN_EVERY_S,
                "options": {"expires": CLEAN_EVERY_S},
            },
        },
    }


@signals.setup_logging.connect
def _configure_logs(**_: Any) -> None:
    # Celery does not configure logging when this signal has a receiver.
    configure_logs(level=get_settings().log_level, process="worker")


# Celery warns when root runs a worker, because of pickled messages. This worker does not accept those.
warnings.filterwarnings("ignore", category=SecurityWarning)
app = create_app(get_settings())
