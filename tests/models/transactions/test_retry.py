"""The first try runs in plain Python; the policy judges it as if it had run that try itself."""

from __future__ import annotations

import pytest
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from models.transactions.retry import retried


class Work:
    """Raises these errors, one a call, and returns the number of calls when none is left."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.calls


def _policy(seen: list[int]) -> Retrying:
    def note(state: RetryCallState) -> None:
        seen.append(state.attempt_number)

    return Retrying(retry=retry_if_exception_type(OSError), stop=stop_after_attempt(3), before_sleep=note, reraise=True)


def test_work_that_succeeds_builds_no_policy() -> None:
    def never() -> Retrying:
        raise AssertionError("a policy was built for work that did not fail")

    assert retried(never, Work()) == 1


@pytest.mark.parametrize("failures", [1, 2])
def test_each_failure_is_counted_once_and_each_try_runs_once(failures: int) -> None:
    seen: list[int] = []
    work = Work(*(OSError(n) for n in range(failures)))
    assert retried(lambda: _policy(seen), work) == failures + 1
    assert work.calls == failures + 1
    assert seen == list(range(1, failures + 1))


def test_the_first_try_counts_towards_the_most_tries() -> None:
    seen: list[int] = []
    work = Work(*(OSError(n) for n in range(5)))
    with pytest.raises(OSError, match="2"):
        retried(lambda: _policy(seen), work)
    assert work.calls == 3


def test_an_error_that_the_policy_does_not_try_again_is_raised_as_it_was() -> None:
    error = ValueError("final")
    work = Work(error)
    with pytest.raises(ValueError, match="final") as raised:
        retried(lambda: _policy([]), work)
    assert raised.value is error
    assert work.calls == 1


def test_an_end_of_the_process_passes_at_once() -> None:
    def ends() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retried(lambda: _policy([]), ends)
