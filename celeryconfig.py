"""Every Celery setting that is not Celery's default, and why. Facts behind them: docs/decisions/celery.md.

A message is only a ticket; the ledger holds what is true. So these settings look for order and
quick recovery, and leave durability to the ledger.
"""

from workers.settings import settings
from workers.settings.sentinels import celery_options, celery_url
from workers.settings.servers import redis_tls

# Where tickets travel. The one setting that differs between installations.
broker_url = celery_url(settings().redis_url)

# With rediss:// alone, kombu would check no certificate; and Flower reads the options of TLS here only.
broker_use_ssl = redis_tls(settings().redis_url) or False

# A worker that starts while Redis is down waits for it instead of dying, and never gives up:
# the ledger rings again whatever was lost meanwhile.
broker_connection_retry_on_startup = True
broker_connection_max_retries = None

# What Redis answers when it is full, read-only or cannot save is no reason to end: the worker waits for it
# (workers.runtime.patient_consumer).
broker_channel_error_retry = True

# The modules that register tasks; the zygote imports them once for all workers.
imports = settings().task_modules

broker_transport_options = {
    # Keys are searched step by step and, inside a step, in the order in which the worker lists its
    # queues. With the phone's own queue listed first and pinned tickets at step 0, pinned work goes
    # before the pool. The default, round robin, serves the two queues in turn.
    "queue_order_strategy": "priority",
    # urgent, a customer's turn, high, normal, low. kombu's default has no turn; workers.dispatch.tickets
    # reads the lists behind these.
    "priority_steps": [0, 1, 3, 6, 9],
    # A ticket held longer than this is delivered a second time, even while its task runs. Longer
    # than any flow's hard limit; what a dead worker held is put back by its host agent at once.
    "visibility_timeout": 6 * 3600,
    # No wait on a dead connection is endless; kombu's own blocking read takes 1 s.
    "socket_timeout": 5,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    # Whoever publishes while Redis is away learns it within a second, not after three times 6 s;
    # workers and Flower wait for it by broker_connection_retry.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
    # Who watches Redis, where Sentinels do.
    **celery_options(settings().redis_url),
}

# A ticket leaves Redis when its task ended. A worker that is shut down gives its ticket back.
task_acks_late = True

# Hold no second ticket hostage while a task runs: with acks_late, 1 means exactly the running one.
worker_prefetch_multiplier = 1

# Results live in the ledger: no result backend, and nothing asks for one.
task_ignore_result = True

# A raw `.delay()` with no queue named lands where every phone looks.
task_default_queue = "pool"

# Normal, not kombu's 0: work that names no priority must not overtake pinned work.
task_default_priority = 6

# Publishing is tried again for about two seconds; after that the coordinator's ring is the retry.
task_publish_retry_policy = {"max_retries": 4, "interval_start": 0, "interval_step": 0.2, "interval_max": 1}

# Only JSON is read: a pickled message would run code of whoever reaches Redis.
task_serializer = "json"
accept_content = ["json"]

# Flower lists phones by their events and shows a task as started while it runs.
worker_send_task_events = True
task_track_started = True

# Answers to inspect and control that nobody fetched leave no keys behind.
control_queue_ttl = 60
control_queue_expires = 60
event_queue_ttl = 10
event_queue_expires = 60

# Logs go where phonefleet's own logging sends them.
worker_hijack_root_logger = False
worker_redirect_stdouts = False

# No rate limits are used: spare each worker the token buckets.
worker_disable_rate_limits = True

# Asked of brokers that phonefleet does not use.
worker_detect_quorum_queues = False

# Days are the operator's.
timezone = settings().timezone.key
enable_utc = True
