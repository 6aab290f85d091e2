"""The kill matrix: methods of killing × named moments of a task's path."""

import pytest

pytest.register_assert_rewrite("tests.kills.matrix")
