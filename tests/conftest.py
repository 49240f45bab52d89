"""What every kind of test may ask for."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from qfluxd.observability import logs

# How fast something is, is measured by benches: a machine that is busy for a moment breaks no promise.
settings.register_profile("qfluxd", deadline=None)
settings.load_profile("qfluxd")


@pytest.fixture
def log_stream() -> Iterator[io.StringIO]:
    """Where the log goes during a test; afterwards everything is as it was."""
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    configuration = structlog.get_config()
    stream = io.StringIO()
    yield stream
    logs.set_level("info")
    structlog.configure(**configuration)
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    logging.captureWarnings(capture=False)
