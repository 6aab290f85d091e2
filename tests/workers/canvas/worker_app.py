"""What `celery -A tests.workers.canvas.worker_app worker` runs. The broker comes from the environment."""

from __future__ import annotations

import os

from tests.support.canvas.tasks import make_app, redis_recorder

BROKER = os.environ["CANVAS_TESTS_BROKER"]

app = make_app(redis_recorder(BROKER), broker_url=BROKER, result_backend=BROKER)
