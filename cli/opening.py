"""Opening the stores for commands that only look: they never make new ones.

In a wrong folder the stores would be made empty and answer "nothing there", which reads like calm.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import ConfigurationError, Text
from runtime.settings import Settings
from runtime.wiring import Services, open_services

_SQLITE = "sqlite:///"


@contextmanager
def open_existing(settings: Settings) -> Iterator[Services]:
    """Open the services over stores that are there; ConfigurationError when none was made yet."""
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
    with open_services(settings) as services:
        yield services
