"""The team's file: what is read, what is refused, and that writing it loses nothing."""

import re
from dataclasses import fields, replace
from datetime import date, timedelta
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.configuration import demo_configuration
from domain.brand import (
    DEFAULT_CLOCKS,
    NO_CLOCK,
    Brand,
    Configuration,
    DetectionRule,
    Follow,
    FollowKind,
    Level,
    LevelClocks,
    OwnAccount,
    Proximity,
    Recipient,
    Sensitivity,
    Source,
    Transport,
    Watch,
    WatchRule,
)
from domain.channel import Channel
from domain.mention import Platform
from domain.roster import DatedShift, QuietHours, Roster, Shift, Weekday
from domain.spiders import SPIDERS
from domain.work_calendar import CalendarSetting, WorkYear
from runtime.configuration_file import (
    Document,
    is_private_address,
    parse_configuration,
    read_configuration,
    write_configuration,
)
from runtime.problems import ConfigurationProblems, model_in

EXAMPLE = resources.files("runtime").joinpath("examples/brands.toml").read_text(encoding="utf-8")

BASE = """
[[brands]]
id = "cha"
name = "云栈奶茶"

[[sources]]
id = "weibo"
spider = "weibo_search"

[[watches]]
id = "w"
name = "主词"
brands = ["cha"]
queries = ["云栈"]
sources = ["weibo"]
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigurationProblems) as caught:
        parse_configuration(text, "b.toml")
    return [problem.sentence("en") for problem in caught.value.problems]


def only_problem(text: str) -> str:
    [problem] = problems(text)
    return problem


def test_a_source_that_names_only_its_spider_is_filled_from_the_platform():
    source = parse_configuration(BASE, "b").sources[0]
    assert source == Source(
        "weibo", "weibo_search", Platform.WEIBO, Transport.HTTP, "https://s.weibo.com"
    )


def test_levels_left_out_have_the_default_clocks_and_blanks_have_none():
    text = BASE + '[levels.red]\nacknowledge = ""\n[levels.blue]\nfirst_response = "3d"\n'
    clocks = parse_configuration(text, "b").clocks
    assert clocks[Level.RED] == replace(DEFAULT_CLOCKS[Level.RED], acknowledge=None)
    assert clocks[Level.BLUE] == replace(
        DEFAULT_CLOCKS[Level.BLUE], first_response=timedelta(days=3)
    )
    assert clocks[Level.YELLOW] == DEFAULT_CLOCKS[Level.YELLOW]


def test_a_figure_may_be_decided_to_be_none_but_taking_and_answering_may_not():
    text = BASE + '[levels.red]\nfollow_up = "none"\nreview = ""\n'
    red = parse_configuration(text, "b").clocks[Level.RED]
    assert red.follow_up == NO_CLOCK
    assert red.review is None
    problem = only_problem(BASE + '[levels.red]\nfirst_response = "none"\n')
    assert "must be a duration" in problem


CALENDAR = (
    BASE
    + """[calendar]
opens = "08:30"
closes = "17:30"
holidays = ["2026-12-24..2026-12-25"]
workdays = [2026-12-26]
years = [{ year = 2027, notice = "试", holidays = ["2027-01-01"], workdays = ["2027-01-03"] }]
"""
)


def test_the_work_calendar_is_read():
    assert parse_configuration(CALENDAR, "b").calendar == CalendarSetting(
        opens=timedelta(hours=8, minutes=30),
        closes=timedelta(hours=17, minutes=30),
        years=(WorkYear(2027, "试", (date(2027, 1, 1),), (date(2027, 1, 3),)),),
        holidays=(date(2026, 12, 24), date(2026, 12, 25)),
        workdays=(date(2026, 12, 26),),
    )


@pytest.mark.parametrize(
    ("find", "put", "fact"),
    [
        ('"08:30"', '"8.30"', "time of day"),
        ('"08:30"', '"17:30"', "must be before"),
        ('"17:30"', '"25:00"', "time of day"),
        ('"2026-12-24..2026-12-25"', '"2026-12-24..2026-12-01"', "31 at most"),
        ('"2026-12-24..2026-12-25"', '"2026-12-24..2027-12-25"', "31 at most"),
        ("[2026-12-26]", "[7]", "must be days"),
        ("[2026-12-26]", '["2026-12-24"]', "both off and worked"),
        ('["2027-01-03"]', '["2026-01-03"]', "is not in 2027"),
        ('["2027-01-03"]', '["2027-01-01"]', "both off and worked"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(find, put, fact):
    assert find in CALENDAR
    assert fact in only_problem(CALENDAR.replace(find, put, 1))


def test_a_year_is_there_once():
    text = (
        BASE + '[calendar]\nyears = [{ year = 2027, notice = "a" }, { year = 2027, notice = "b" }]'
    )
    assert "2027" in only_problem(text)


def test_a_file_is_read_and_its_name_stands_in_problems(tmp_path):
    path = tmp_path / "brands.toml"
    path.write_text(BASE, encoding="utf-8")
    assert read_configuration(path).watches[0].queries == ("云栈",)
    path.write_text(BASE + 'colour = "red"\n', encoding="utf-8")
    with pytest.raises(ConfigurationProblems) as caught:
        read_configuration(path)
    assert caught.value.place == f"{path}:16"


CASES = {
    "b.toml:16: unknown key sauces, did you mean sources? (allowed: id": BASE + "sauces = []\n",
    "b.toml:3: brands[0].id = 'CHA': must be lower-case": BASE.replace('"cha"', '"CHA"', 1)
    .replace('["cha"]', '["CHA"]'),
    "b.toml:15: source 'weibo' has nothing to do in this watch; fill queries": BASE.replace(
        '["云栈"]', "[]"
    ),
    "b.toml:13: watches[0].brands[0] = 'chaa': no such id, did you mean cha?": BASE.replace(
        '["cha"]', '["chaa"]'
    ),
    "b.toml:15: watches[0].sources[1] = 'wiebo': no such id, did you mean weibo?": BASE.replace(
        '["weibo"]', '["weibo", "wiebo"]'
    ),
    "b.toml:17: detection.brands.tea": BASE + '[detection]\nbrands = { tea = "more" }\n',
    "b.toml:17: id 'cha' of brands is already used at b.toml:3": BASE
    + '[[brands]]\nid = "cha"\nname = "x"\n',
    "b.toml:19: recipients[0].address = 'a@b.c\\r\\nBcc: x': must be a mail address": BASE
    + '[[recipients]]\nid = "r"\nname = "n"\naddress = "a@b.c\\r\\nBcc: x"\n',
    "b.toml:20: recipients[0].min_level = 'pink': must be 'red'": BASE
    + '[[recipients]]\nid = "r"\nname = "n"\naddress = "a@b.c"\nmin_level = "pink"\n',
    "b.toml:9: sources[0].base_url = 'file:///etc/passwd': must be an http": BASE.replace(
        'spider = "weibo_search"', 'spider = "weibo_search"\nbase_url = "file:///etc/passwd"'
    ),
    "every = 1m: at least 5m, but for private addresses": BASE.replace(
        'spider = "weibo_search"', 'spider = "weibo_search"\nevery = "1m"'
    ),
    "weibo_search reads weibo, not zhihu": BASE.replace(
        'spider = "weibo_search"', 'spider = "weibo_search"\nplatform = "zhihu"'
    ),
    "b.toml:8: sources[0].spider = 'weibo': must be 'weibo_search'": BASE.replace(
        '"weibo_search"', '"weibo"'
    ),
    "b.toml:17: levels.red.acknowledge = 'soon': must be a duration": BASE
    + '[levels.red]\nacknowledge = "soon"\n',
    "b.toml:16: unknown key pink (allowed: red, orange, yellow, blue)": BASE + "[levels.pink]\n",
    "report.brands[0] = 'nobody': no such id": BASE + '[report]\nbrands = ["nobody"]\n',
    "report.daily_at = '8am'": BASE + '[report]\ndaily_at = "8am"\n',
    "report.recipients[0] = 'boss'": BASE + '[report]\nrecipients = ["boss"]\n',
    "never met": BASE + '[watches.rule]\nall = ["奶茶"]\nnone = ["茶"]\n',
    "b.toml:17: watches[0].rule.proximities[0].words": BASE
    + '[watches.rule]\nproximities = [{ words = ["a"], distance = 5 }]\n',
    "watches[0].rule.proximities[0].distance = true": BASE
    + '[watches.rule]\nproximities = [{ words = ["a", "b"], distance = true }]\n',
}  # fmt: skip


@pytest.mark.parametrize("expected", CASES)
def test_what_is_wrong_is_refused_with_its_line_its_value_and_what_is_allowed(expected):
    assert expected in only_problem(CASES[expected])


def test_all_problems_are_listed_at_once_in_the_order_of_the_file():
    found = problems(
        BASE.replace('["cha"]', '["tea"]').replace('"云栈"]', '" "]')
        + '[[recipients]]\nid = "r"\nname = "n"\naddress = "x"\nbrands = ["tea"]\n'
    )
    assert [int(line.split(":")[1]) for line in found] == [13, 14, 19, 20]


def test_a_place_of_its_own_may_be_asked_more_often():
    text = BASE.replace(
        'spider = "weibo_search"',
        'spider = "weibo_search"\nevery = "1m"\nbase_url = "http://127.0.0.1:8600/weibo"',
    )
    assert parse_configuration(text, "b").sources[0].every == timedelta(minutes=1)


@pytest.mark.parametrize(("url", "is_one"), [
    ("https://s.weibo.com", False), ("https://WEIBO.com./x", False),
    ("https://s.weibo\uff0ecom", False),
    ("https://mirror.example", False), ("https://9.9.9.9", False), ("http://2130706433", False),
    ("http://127.0.0.1/weibo.com", True), ("http://localhost:8600", True), ("http://[::1]:1", True),
    ("http://10.1.2.3", True),
])  # fmt: skip
def test_only_this_machine_and_private_addresses_may_be_asked_more_often(url, is_one):
    assert is_private_address(url) is is_one


@pytest.mark.parametrize("line", ['every = "999999999d"', 'every = "32d"'])
def test_a_cadence_beyond_any_calendar_is_refused(line):
    text = BASE.replace('spider = "weibo_search"', f'spider = "weibo_search"\n{line}')
    assert [problem.rpartition(": ")[2] for problem in problems(text)] == ["must be at most 31d"]


WORD = (
    st.text("云栈奶茶abc\"'\\#[]=, 退款", min_size=1, max_size=6).filter(str.strip).map(str.strip)
)
WORDS = st.lists(WORD, max_size=2).map(tuple)
SLUGS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,6}", fullmatch=True)
DURATIONS = st.integers(300, 10**6).map(lambda seconds: timedelta(seconds=seconds))


def _ids(at_least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(SLUGS, min_size=at_least, max_size=3, unique=True)


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    accounts = st.builds(OwnAccount, st.sampled_from(Platform), WORD, WORD)
    brands = tuple(
        Brand(key, draw(WORD), draw(WORDS), tuple(draw(st.lists(accounts, max_size=1))))
        for key in draw(_ids(1))
    )
    sources = tuple(_a_source(draw, key) for key in draw(_ids(1)))
    known = st.sampled_from([brand.id for brand in brands])
    rule = st.builds(
        WatchRule,
        all_words=WORDS,
        any_words=WORDS,
        phrases=WORDS,
        proximities=st.lists(
            st.builds(Proximity, st.tuples(WORD, WORD), st.integers(1, 99)), max_size=1
        ).map(tuple),
    )
    watches = tuple(
        Watch(
            id=key,
            name=draw(WORD),
            brand_ids=(draw(known),),
            queries=(draw(WORD),),
            source_ids=tuple(source.id for source in sources),
            follows=tuple(dict.fromkeys(_a_follow(draw, s) for s in sources if _follows(s))),
            rule=draw(rule),
            enabled=draw(st.booleans()),
            backfill=draw(DURATIONS),
        )
        for key in draw(_ids())
    )
    recipients = tuple(
        Recipient(key, draw(WORD), draw(_addresses(key)), (draw(known),), draw(LEVELS))
        for key in (draw(_ids()))
    )
    figure = st.none() | DURATIONS
    rest = {f.name: figure | st.just(NO_CLOCK) for f in fields(LevelClocks)[2:]}
    clocks = st.builds(LevelClocks, figure, figure, **rest)
    return Configuration(
        brands=brands,
        watches=watches,
        sources=sources,
        recipients=recipients,
        detection=DetectionRule(
            draw(st.sampled_from(Sensitivity)),
            draw(st.dictionaries(known, st.sampled_from(Sensitivity))),
        ),
        clocks={level: draw(clocks) for level in Level},
        calendar=draw(_calendars()),
        rosters=draw(_rosters([recipient.id for recipient in recipients])),
        quiet_hours=draw(st.none() | st.just(QuietHours(timedelta(hours=22), timedelta(hours=8)))),
    )


LEVELS = st.sampled_from(Level)


def _addresses(key: str) -> st.SearchStrategy[str]:
    robots = st.sampled_from([c for c in Channel if c.is_robot])
    return st.just(f"{key}@x.example") | robots.map(lambda c: f"{c.value}:duty-room")


def _rosters(people: list[str]) -> st.SearchStrategy[tuple[Roster, ...]]:
    if not people:
        return st.just(())
    some = st.lists(st.sampled_from(people), min_size=1, max_size=3).map(tuple)
    quarters = st.integers(0, 95).map(lambda n: n * timedelta(minutes=15))
    end = quarters | st.just(timedelta(days=1))
    days = st.lists(st.sampled_from(Weekday), min_size=1, unique=True).map(tuple)
    dates = st.sets(st.dates(), min_size=1, max_size=3).map(lambda found: tuple(sorted(found)))
    roster = st.builds(
        Roster,
        id=st.just("pr"),
        shifts=st.lists(st.builds(Shift, days, quarters, end, some), max_size=2).map(tuple),
        exceptions=st.lists(
            st.builds(DatedShift, dates, some, quarters, end, st.just("国庆")), max_size=1
        ).map(tuple),
        executives=some,
        groups=some,
    )
    return roster.map(lambda made: (made,))


def _calendars() -> st.SearchStrategy[CalendarSetting]:
    days = st.sets(st.dates(date(2027, 1, 1), date(2027, 12, 31)), max_size=6).map(sorted)
    year = days.flatmap(lambda of: st.tuples(WORD, st.just(tuple(of)))).map(
        lambda told: WorkYear(2027, told[0], told[1][::2], told[1][1::2])
    )
    minutes = st.integers(0, 719).map(lambda n: timedelta(minutes=n))
    return st.builds(
        CalendarSetting,
        minutes,
        minutes.map(lambda early: timedelta(days=1) - early),
        st.lists(year, max_size=1).map(tuple),
        days.map(lambda of: tuple(of[::2])),
    )


def _a_source(draw: st.DrawFn, key: str) -> Source:
    spider = draw(st.sampled_from(sorted(SPIDERS)))
    of = SPIDERS[spider]
    return Source(
        key, spider, of.platform, of.transport, of.base_url, draw(DURATIONS), draw(st.booleans())
    )


def _follows(source: Source) -> bool:
    return SPIDERS[source.spider].follows is not None


def _a_follow(draw: st.DrawFn, source: Source) -> Follow:
    kind = SPIDERS[source.spider].follows
    assert kind is not None
    key = "云栈茶饮" if kind is FollowKind.FORUM else str(draw(st.integers(10_000, 99_999)))
    return Follow(source.platform, kind, key, draw(st.sampled_from(["", "云栈"])))


FOLLOWING = (
    BASE.replace('sources = ["weibo"]', 'sources = ["weibo", "forum"]')
    + """follow = ["tieba:forum:云栈:官方吧", "https://tieba.baidu.com/f?kw=%E5%A5%B6%E8%8C%B6&ie=utf-8"]
[[sources]]
id = "forum"
spider = "tieba_forum"
"""
)


def test_what_a_watch_follows_is_read_from_its_short_form_and_from_an_address():
    [watch] = parse_configuration(FOLLOWING, "b").watches
    forum = FollowKind.FORUM
    assert watch.follows == (
        Follow(Platform.TIEBA, forum, "云栈", "官方吧"),
        Follow(Platform.TIEBA, forum, "奶茶"),
    )
    only = FOLLOWING.replace('queries = ["云栈"]', "").replace('["weibo", "forum"]', '["forum"]')
    assert parse_configuration(only, "b").watches[0].queries == ()


@pytest.mark.parametrize(
    ("text", "place", "fact"),
    [
        (FOLLOWING.replace("tieba:forum:云栈:官方吧", "tieba:forum:"), 16, "must be tieba:forum:"),
        (FOLLOWING.replace('["weibo", "forum"]', '["weibo"]'), 16, 'spider = "tieba_forum"'),
        (re.sub("follow = .*", "", FOLLOWING), 15, "nothing to do in this watch; fill follow"),
        (FOLLOWING.replace('queries = ["云栈"]', ""), 15, "source 'weibo' has nothing to do"),
    ],
)
def test_a_follow_that_nobody_reads_and_a_source_without_work_are_told_with_their_mend(
    text, place, fact
):
    problem = only_problem(text)
    assert problem.startswith(f"b.toml:{place}: ")
    assert fact in problem


RECIPIENTS = """
[[recipients]]
id = "anna"
name = "安娜"
address = "anna@example.com"

[[recipients]]
id = "room"
name = "值班群"
channel = "wecom"
address = "duty-room"
"""
ROSTER = """
[[roster]]
id = "pr"
groups = ["room"]
shifts = [{ days = ["mon"], start = "18:00", end = "09:00", people = ["anna"] }]
exceptions = [{ days = ["2026-10-01..2026-10-03"], people = ["anna"], note = "国庆" }]
"""


def test_robots_and_the_roster_are_read():
    made = parse_configuration(BASE + RECIPIENTS + ROSTER, "b")
    room = made.recipient("room")
    assert room is not None
    assert (room.address, room.channel) == ("wecom:duty-room", Channel.WECOM)
    [roster] = made.rosters
    assert roster.shifts == (
        Shift((Weekday.MONDAY,), timedelta(hours=18), timedelta(hours=9), ("anna",)),
    )
    assert [day.day for day in roster.exceptions[0].days] == [1, 2, 3]
    assert made.roster_of("cha") == roster


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (
            RECIPIENTS + ROSTER.replace('["anna"] }]\nex', '["ana"] }]\nex'),
            "roster[0].shifts[0].people[0] = 'ana': no such id, did you mean anna?",
        ),
        (
            RECIPIENTS + ROSTER.replace('groups = ["room"]', 'groups = ["hall"]'),
            "roster[0].groups[0] = 'hall': no such id",
        ),
        (RECIPIENTS + ROSTER.replace("18:00", "18:07"), "must be on a quarter of an hour"),
        (RECIPIENTS + ROSTER.replace('"mon"', '"monday"'), "must be 'mon'"),
        (
            RECIPIENTS + ROSTER + ROSTER.replace('"pr"', '"pr2"'),
            "brands = [] has a roster already, see b.toml:",
        ),
        (RECIPIENTS.replace("duty-room", "Duty Room"), "a name is lower-case letters"),
        (RECIPIENTS.replace('"wecom"', '"mail"'), "must be a mail address"),
        ('[quiet_hours]\nstart = "08:00"\nend = "08:00"\n', "cannot be the whole day"),
    ],
)
def test_a_roster_that_cannot_be_is_refused_with_its_place(text, fact):
    assert fact in " ".join(problems(BASE + text))


@settings(deadline=None, max_examples=60)
@given(configurations())
def test_what_is_written_is_read_back_as_the_same_configuration(configuration):
    assert parse_configuration(write_configuration(configuration), "b") == configuration


def test_the_demo_s_configuration_can_be_written_and_read():
    demo = demo_configuration(*(f"http://127.0.0.1:{port}" for port in range(8600, 8605)))
    assert parse_configuration(write_configuration(demo), "b") == demo


def test_every_spider_can_be_named_in_a_source():
    text = "".join(
        file.read_text(encoding="utf-8")
        for file in (Path(__file__).parents[3] / "crawlers" / "spiders").glob("*.py")
    )
    assert set(re.findall(r'^    name = "(\w+)"$', text, re.MULTILINE)) == set(SPIDERS)


def test_an_empty_configuration_can_be_written():
    assert parse_configuration(write_configuration(Configuration()), "b") == Configuration()


class TestTheExample:
    everything = re.sub(r"(?m)^#(?=[\w\[])", "", EXAMPLE)

    def test_it_loads_as_it_is_and_with_every_line_set(self):
        as_it_is = parse_configuration(EXAMPLE, "b")
        assert as_it_is.watches
        full = parse_configuration(self.everything, "b")
        assert full.sources[: len(as_it_is.sources)] == as_it_is.sources
        assert full.watches[-1].follows
        assert full.clocks == as_it_is.clocks == DEFAULT_CLOCKS
        assert as_it_is.calendar == CalendarSetting()
        assert full.calendar.years[0].year == 2027

    def test_it_shows_every_key_of_the_model(self):
        headers = re.findall(r"^\[+([\w.]+)\]", self.everything, re.MULTILINE)
        keys = {key for header in headers for key in header.split(".")}
        keys |= set(re.findall(r"(\w+) = ", self.everything))
        assert _keys(Document) <= keys


def _keys(model: type) -> set[str]:
    keys = set()
    for name, field in model.model_fields.items():
        keys.add(name)
        inner = model_in(field.annotation)
        keys |= _keys(inner) if inner else set()
    return keys
