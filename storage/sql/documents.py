"""Domain objects as JSON documents and back: what the wide parts of a row are stored as.

A document is `{"format": 1, "value": …}`. The value is written and read by the declared types, so
what could not be read back is refused when it is written. Reading is as strict: an unknown key, a
missing one without a default, a value of another type or a newer format raise SchemaMismatch,
because they mean that another version of this program wrote the document. A field that is new and
has a default may be missing in older documents.

Dataclasses become objects, enums their value, times ISO 8601 with an offset, days
ISO 8601, spans a whole number
of microseconds, bytes base64, tuples arrays. A field declared as `object` holds plain JSON values.
Nothing is ever unpickled, and nothing in a document decides which class is built.
"""

import base64
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from domain.errors import SchemaMismatch, Text

FORMAT = 1
"""To be raised when stored values change their meaning; reading must then convert older ones."""

_MICROSECOND = timedelta(microseconds=1)


class DocumentError(ValueError):
    """A value that does not fit its declared type; the message names the place, never the value."""


@dataclass(frozen=True, slots=True)
class _Codec:
    """How values of one type are written to, and read from, plain JSON values."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def to_document(value: object, kind: Any, *, ascii_only: bool = False) -> str:
    """Return `value`, which is of the type `kind`, as a document; DocumentError when it is not.

    `ascii_only`: all else as JSON escapes, in which even half characters come back.
    """
    body = {"format": FORMAT, "value": _codec(kind).write(value)}
    return json.dumps(body, ensure_ascii=ascii_only, separators=(",", ":"))


def from_document(text: str, kind: Any) -> Any:
    """Return the value of the type `kind` that a document holds; SchemaMismatch when it does
    not.
    """
    try:
        body = json.loads(text)
        if not isinstance(body, dict) or body.keys() != {"format", "value"}:
            raise DocumentError("no envelope")
        if body["format"] != FORMAT:
            raise DocumentError("another format")
        return _codec(kind).read(body["value"])
    except ValueError as error:
        fact = str(error) if isinstance(error, DocumentError) else "not JSON"
        raise SchemaMismatch(
            Text(
                f"存储的内容与本程序版本不符（{fact}）",
                f"a stored document does not fit this version ({fact})",
            ),
            place=getattr(kind, "__name__", str(kind)),
            mend=Text(
                "使用写入该数据库的版本，或更新程序", "use the version that wrote it, or update"
            ),
        ) from error


@cache
def _codec(kind: Any) -> _Codec:
    """Return the codec of a declared type; TypeError for a type no document can hold."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _optional(kind)
    if origin is tuple:
        return _tuple(get_args(kind))
    if origin is Mapping:
        return _mapping(*get_args(kind))
    if is_dataclass(kind):
        return _dataclass(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    return _SCALARS[kind]


def _dataclass(kind: Any) -> _Codec:
    hints = get_type_hints(kind)
    codecs = {f.name: _codec(hints[f.name]) for f in fields(kind)}
    required = {
        f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING
    }

    def write(value: Any) -> dict[str, Any]:
        _expect(type(value) is kind, kind.__name__)
        return {n: _at(f".{n}", codec.write, getattr(value, n)) for n, codec in codecs.items()}

    def read(found: Any) -> Any:
        _expect(isinstance(found, dict), kind.__name__)
        _expect(found.keys() <= codecs.keys(), f"{kind.__name__} without unknown keys")
        _expect(required <= found.keys(), f"{kind.__name__} with all its keys")
        return kind(**{n: _at(f".{n}", codecs[n].read, item) for n, item in found.items()})

    return _Codec(write, read)


def _optional(kind: Any) -> _Codec:
    inner = [argument for argument in get_args(kind) if argument is not NoneType]
    if len(inner) != 1:
        raise TypeError(f"no document form for {kind}")
    codec = _codec(inner[0])
    return _Codec(
        lambda value: None if value is None else codec.write(value),
        lambda found: None if found is None else codec.read(found),
    )


def _tuple(kinds: tuple[Any, ...]) -> _Codec:
    many = len(kinds) == 2 and kinds[1] is Ellipsis
    codecs = [_codec(kind) for kind in (kinds[:1] if many else kinds)]

    def paired(items: Any) -> list[tuple[_Codec, Any]]:
        _expect(many or len(items) == len(codecs), f"{len(codecs)} items")
        return [(codecs[0], i) for i in items] if many else list(zip(codecs, items, strict=True))

    def write(value: Any) -> list[Any]:
        _expect(isinstance(value, tuple), "tuple")
        pairs = enumerate(paired(value))
        return [_at(f"[{n}]", codec.write, item) for n, (codec, item) in pairs]

    def read(found: Any) -> tuple[Any, ...]:
        _expect(isinstance(found, list), "array")
        pairs = enumerate(paired(found))
        return tuple(_at(f"[{n}]", codec.read, item) for n, (codec, item) in pairs)

    return _Codec(write, read)


def _mapping(key_kind: Any, value_kind: Any) -> _Codec:
    keys, values = _codec(key_kind), _codec(value_kind)

    def write(value: Any) -> dict[str, Any]:
        _expect(isinstance(value, Mapping), "mapping")
        return {keys.write(k): _at("[…]", values.write, item) for k, item in value.items()}

    def read(found: Any) -> dict[Any, Any]:
        _expect(isinstance(found, dict), "object")
        return {keys.read(k): _at("[…]", values.read, item) for k, item in found.items()}

    return _Codec(write, read)


def _enum(kind: type[Enum]) -> _Codec:
    known = {member.value for member in kind}

    def write(value: Any) -> Any:
        _expect(type(value) is kind, kind.__name__)
        return value.value

    def read(found: Any) -> Any:
        _expect(isinstance(found, str) and found in known, kind.__name__)
        return kind(found)

    return _Codec(write, read)


def _exactly(kind: type) -> _Codec:
    def same(value: Any) -> Any:
        _expect(type(value) is kind, kind.__name__)
        return value

    return _Codec(same, same)


def _number(value: Any) -> float:
    _expect(type(value) in (int, float) and math.isfinite(value), "finite number")
    return float(value)


def _plain(value: Any) -> Any:
    """Return a copy of plain JSON values; a tuple is no JSON value, as it would return as list."""
    if isinstance(value, dict):
        _expect(all(type(key) is str for key in value), "text keys")
        return {key: _at(".…", _plain, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_at(f"[{n}]", _plain, item) for n, item in enumerate(value)]
    _expect(value is None or type(value) in (bool, int, float, str), "JSON value")
    return _number(value) if type(value) is float else value


def _write_time(value: Any) -> str:
    _expect(isinstance(value, datetime) and value.tzinfo is not None, "aware time")
    return str(value.isoformat())


def _read_time(found: Any) -> datetime:
    _expect(isinstance(found, str), "time")
    try:
        value = datetime.fromisoformat(found)
    except ValueError:
        raise DocumentError("expected a time") from None
    _expect(value.tzinfo is not None, "aware time")
    return value


def _write_day(value: Any) -> str:
    _expect(type(value) is date, "day")  # a moment is a date to Python, and no day
    return str(value.isoformat())


def _read_day(found: Any) -> date:
    _expect(isinstance(found, str), "day")
    try:
        return date.fromisoformat(found)
    except ValueError:
        raise DocumentError("expected a day") from None


def _write_span(value: Any) -> int:
    _expect(isinstance(value, timedelta), "span")
    return int(value // _MICROSECOND)


def _read_span(found: Any) -> timedelta:
    _expect(type(found) is int, "microseconds")
    return timedelta(microseconds=found)


def _write_bytes(value: Any) -> str:
    _expect(isinstance(value, bytes), "bytes")
    return base64.b64encode(value).decode("ascii")


def _read_bytes(found: Any) -> bytes:
    _expect(isinstance(found, str), "base64")
    try:
        return base64.b64decode(found, validate=True)
    except ValueError:
        raise DocumentError("expected base64") from None


_SCALARS: Mapping[Any, _Codec] = {
    str: _exactly(str),
    int: _exactly(int),
    bool: _exactly(bool),
    float: _Codec(_number, _number),
    object: _Codec(_plain, _plain),
    datetime: _Codec(_write_time, _read_time),
    date: _Codec(_write_day, _read_day),
    timedelta: _Codec(_write_span, _read_span),
    bytes: _Codec(_write_bytes, _read_bytes),
}


def _expect(fits: bool, what: str) -> None:
    if not fits:
        raise DocumentError(f"expected {what}")


def _at(place: str, convert: Callable[[Any], Any], value: Any) -> Any:
    """Convert a part; an error gets its place put in front: `.sources[2].every: expected span`."""
    try:
        return convert(value)
    except DocumentError as error:
        inner = str(error)
        joint = "" if inner.startswith((".", "[")) else ": "
        raise DocumentError(f"{place}{joint}{inner}") from None
