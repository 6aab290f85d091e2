"""What the product leans on in Celery and kombu beyond their documents: named here, so that an upgrade tells."""

from __future__ import annotations

import inspect

from celery import Celery
from celery.app import trace
from celery.events.dispatcher import EventDispatcher
from celery.exceptions import Reject, Retry, TaskPredicate
from celery.worker import WorkController, components, consumer, loops, state
from celery.worker.consumer.events import Events
from celery.worker.request import Request
from kombu.asynchronous.hub import Hub
from kombu.message import Message
from kombu.transport import redis as kombu_redis
from kombu.transport.virtual import Channel


def source(thing: object) -> str:
    """Its code."""
    return inspect.getsource(thing)  # type: ignore[arg-type]


def test_the_consumer_is_chosen_and_begins_anew_as_ours_needs_it() -> None:
    assert "w.consumer_cls" in source(components.Consumer.create)
    start = source(consumer.Consumer.start)
    assert "self.app.conf.broker_channel_error_retry" in start
    assert "self.connection_errors + self.channel_errors" in start
    assert "self._restart_state.step()" in start
    assert "on_connection_error_after_connected(exc)" in start
    assert "return self.ensure_connected(" in source(consumer.Consumer.connection_for_read)
    assert "return self.ensure_connected(" in source(consumer.Consumer.connection_for_write)


def test_answers_for_tickets_go_through_call_soon_ack() -> None:
    handler = source(consumer.Consumer.create_task_handler)
    assert "(message.ack_log_error,)" in handler
    assert "(message.reject_log_error,)" in handler
    assert "call_soon_ack = self.call_soon_ack" in handler
    assert list(inspect.signature(Message.ack_log_error).parameters)[:3] == ["self", "logger", "errors"]
    assert "channel.connection = None" in source(inspect.getmodule(Channel))
    assert "pipe.zrem" in source(kombu_redis.QoS._remove_from_indices)


def test_timers_pass_connection_errors_on_to_the_loop() -> None:
    assert "hub.propagate_errors = errors" in source(loops.asynloop)
    assert "except propagate:" in source(Hub.fire_timers)


def test_a_worker_waits_for_a_ticket_as_long_as_we_say() -> None:
    assert "self.brpop_timeout = self.connection.brpop_timeout" in source(kombu_redis.Channel.__init__)
    assert "timeout = self.brpop_timeout" in source(kombu_redis.Channel._brpop_start)
    assert "1, cycle.maybe_refresh_binding_expiry" in source(kombu_redis.Transport.register_with_event_loop)
    assert "obj.controller.register_with_event_loop(hub)" in source(loops.asynloop)


def test_a_worker_takes_our_consumer_and_calls_back_when_it_consumes() -> None:
    assert "consumer_cls" in inspect.signature(WorkController.setup_defaults).parameters
    assert "self.on_consumer_ready" in source(WorkController.setup_instance)


def test_states_are_events_and_send_no_message() -> None:
    assert "self.acknowledge()" in source(Request.on_retry)
    assert "'task-retried'" in source(Request.on_retry)
    failure = source(Request.on_failure)
    assert "isinstance(exc, Terminated)" in failure
    assert "self._announce_revoked(" in failure
    assert "'task-revoked'" in source(Request._announce_revoked)
    assert "self.acknowledge()" in source(Request._announce_revoked)
    assert "apply_async" not in source(trace.TraceInfo.handle_retry)
    assert issubclass(Retry, TaskPredicate)
    assert issubclass(Reject, TaskPredicate)


def test_celery_brings_map_and_starmap_along_and_takes_no_offence_when_they_are_replaced() -> None:
    app = Celery("names", set_as_current=False)
    seen: list[bool] = []
    app.on_after_finalize.connect(lambda **_: seen.append("celery.map" in app.tasks), weak=False)
    assert {"celery.map", "celery.starmap"} <= app.tasks.keys()
    assert seen == [True], "they are there when the application says that it is complete"
    assert callable(app.tasks.unregister)


def test_shown_arguments_are_headers_of_a_message() -> None:
    app = Celery("shown", set_as_current=False)
    message = app.amqp.as_task_v2("id", "flow", kwargsrepr="{'title': 'x'}")
    assert message.headers["kwargsrepr"] == "{'title': 'x'}"
    assert message.body == ((), {}, message.body[2])


def test_a_worker_that_takes_its_next_ticket_itself_knows_what_celery_knows() -> None:
    assert {"should_stop", "should_terminate", "revoked"} <= vars(state).keys()
    assert "(pipe.lpush if leftmost else pipe.rpush)(" in source(kombu_redis.Channel._do_restore_message)
    assert "publish_batch.add('lpush', key, dumps(message))" in source(kombu_redis.Channel._put)
    assert "['BRPOP', *keys]" in source(kombu_redis.Channel._brpop_start)


def test_events_of_tasks_wait_for_a_flush() -> None:
    assert "on_send_buffered=c.on_send_event_buffered" in source(Events.start)
    assert "buffer_group=['task']" in source(Events.start)
    assert "self._group_buffer[group]" in source(EventDispatcher.send)
    assert "self._flush_events_promise" in source(consumer.Consumer.on_send_event_buffered)
