"""Which watch on which source: the ids that a spider is started with, looked up."""

from crawlers.services import Services
from domain.brand import Configuration, Source, Watch
from domain.errors import ConfigurationError, Text
from domain.spiders import adds_depth_only


def find_pair(services: Services, spider: str, watch: str, source: str) -> tuple[Watch, Source]:
    """Return the watch and the source with these ids; ConfigurationError names those there are."""
    configuration = _configuration(services)
    found_watch, found_source = configuration.watch(watch), configuration.source(source)
    if found_watch is None:
        raise _unknown(
            "watch",
            Text(f"没有监测方案 {watch!r}", f"there is no watch {watch!r}"),
            [known.id for known in configuration.watches],
        )
    if found_source is None or found_source.spider != spider:
        raise _unknown(
            "source",
            Text(f"爬虫 {spider} 没有来源 {source!r}", f"spider {spider} has no source {source!r}"),
            [known.id for known in configuration.sources if known.spider == spider],
        )
    return found_watch, found_source


def find_source(services: Services, source: str) -> Source:
    """Return the source with this id; ConfigurationError names those there are."""
    configuration = _configuration(services)
    found = configuration.source(source)
    if found is None:
        raise _unknown(
            "source",
            Text(f"没有来源 {source!r}", f"there is no source {source!r}"),
            [known.id for known in configuration.sources],
        )
    return found


def adds_depth(services: Services, watch: Watch, source: Source) -> bool:
    """Whether looks of a watch at a source are supplements in the ledger."""
    return adds_depth_only(_configuration(services), watch, source)


def _configuration(services: Services) -> Configuration:
    with services.begin_work() as work:
        return work.configuration.current()[1]


def _unknown(place: str, fact: Text, known_ids: list[str]) -> ConfigurationError:
    known = "、".join(known_ids) or "—"
    return ConfigurationError(fact, place=place, mend=Text(f"已有：{known}", f"there are: {known}"))
