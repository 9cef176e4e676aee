"""How commands begin: stores that are there already, and logs that a person can bear.

A command that only looks never makes stores: in a wrong folder they would be empty and answer
"nothing there", which reads like calm.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import ConfigurationError, Text
from domain.ports import BeginWork
from runtime.settings import Settings, load_settings
from runtime.wiring import Services, open_services, open_workflow

_SQLITE = "sqlite:///"


def load_settings_of_a_service() -> Settings:
    """Return the settings; on a terminal, unless `[log]` says otherwise, logs are warnings only.

    The environment tells the crawl processes the same.
    """
    settings = load_settings()
    if settings.log.model_fields_set or not sys.stderr.isatty():
        return settings
    os.environ.update({"KOUBEI_LOG__LEVEL": "warning", "KOUBEI_LOG__FORMAT": "console"})
    return load_settings()


@contextmanager
def open_existing(settings: Settings) -> Iterator[Services]:
    """Open the services over stores that are there; ConfigurationError when none was made yet."""
    _require_data(settings)
    with open_services(settings) as services:
        yield services


@contextmanager
def open_existing_workflow(settings: Settings) -> Iterator[BeginWork]:
    """Open the workflow database alone; ConfigurationError when none was made yet."""
    _require_data(settings)
    with open_workflow(settings) as begin_work:
        yield begin_work


def _require_data(settings: Settings) -> None:
    url = settings.workflow_url
    path = Path(url.removeprefix(_SQLITE))
    if url.startswith(_SQLITE) and not path.exists():
        raise ConfigurationError(
            Text("这里还没有数据", "no data here yet"),
            place=str(path),
            mend=Text(
                "进入 koubei.toml 所在的目录（或设置 KOUBEI_CONFIG）再运行；首次使用请先 koubei up",
                "run it in the folder of koubei.toml (or set KOUBEI_CONFIG); at first: koubei up",
            ),
        )
