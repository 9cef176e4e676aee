"""What the drivers raise becomes our errors here, for every statement, connection and commit."""

import sqlite3

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

from domain.errors import SchemaMismatch, StoreError, StoreUnavailable, Text

_PLACE = "workflow database"

_SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY: Text("数据库正忙", "busy: another process is writing"),
    sqlite3.SQLITE_LOCKED: Text("数据库正忙", "locked by another connection"),
    sqlite3.SQLITE_PROTOCOL: Text("数据库正忙", "the file lock could not be taken"),
    sqlite3.SQLITE_FULL: Text("磁盘已满", "the disk is full"),
    sqlite3.SQLITE_IOERR: Text("读写磁盘失败", "reading or writing the disk failed"),
    sqlite3.SQLITE_CANTOPEN: Text("无法打开数据库文件", "the file cannot be opened"),
    sqlite3.SQLITE_READONLY: Text("数据库文件只读", "the file or its folder is read-only"),
    sqlite3.SQLITE_PERM: Text("没有访问数据库文件的权限", "no permission for the file"),
    sqlite3.SQLITE_NOMEM: Text("内存不足", "out of memory"),
}
_SQLITE_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_SQLSTATE_AWAY = {
    "40001": Text("与另一事务冲突", "a conflict with another transaction (40001)"),
    "40P01": Text("与另一事务互相等待", "a deadlock with another transaction (40P01)"),
    "55P03": Text("等待锁超时", "a lock was not free in time (55P03)"),
    "57014": Text("语句超时", "the statement was cancelled (57014)"),
    "25P03": Text("事务闲置超时", "the transaction was idle for too long (25P03)"),
}
_SQLSTATE_CLASSES_AWAY = {
    "08": Text("与数据库的连接中断", "the connection was lost"),
    "53": Text("数据库服务器资源不足", "the server is out of resources"),
    "57": Text("数据库服务器正在停止或启动", "the server is stopping or starting"),
    "58": Text("数据库服务器读写失败", "the server could not read or write"),
}
_SQLSTATES_OF_SCHEMA = {"42P01", "42703"}

_RETRY = Text("稍后自动重试", "trying again helps")


def translate_errors(engine: Engine) -> None:
    """Make every driver error of this engine one of ours; no driver's text goes into it, as it may
    quote what was to be stored."""
    event.listen(engine, "handle_error", _translate)


def unavailable(fact: Text) -> StoreUnavailable:
    """Return the error of a database that is away for now."""
    return StoreUnavailable(fact, place=_PLACE, mend=_RETRY)


def _translate(context: ExceptionContext) -> BaseException | None:
    """Return what is to be raised instead; None leaves the exception, which is no driver's."""
    error = context.original_exception
    wrapped = context.sqlalchemy_exception
    if wrapped is None or context.is_pre_ping:  # a failed ping makes the pool connect again
        return None
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error)
    if not isinstance(error, context.dialect.loaded_dbapi.Error):
        return error  # a value that no column takes: our own mistake, as it was raised
    return _of_postgres(error, lost=context.is_disconnect)


def _of_sqlite(error: sqlite3.Error) -> StoreError:
    # The extended code's low byte is the primary one: https://sqlite.org/rescode.html
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _SQLITE_AWAY:
        return unavailable(_SQLITE_AWAY[code])
    if code in _SQLITE_DAMAGED:
        return StoreError(
            Text("数据库文件已损坏", "the file is damaged or no database"),
            place=_PLACE,
            mend=Text("从备份恢复", "restore it from a backup"),
        )
    if str(error).startswith(("no such table", "no such column")) or " has no column " in str(
        error
    ):
        return _other_schema()
    return _refused(getattr(error, "sqlite_errorname", type(error).__name__))


def _of_postgres(error: BaseException, *, lost: bool) -> StoreError:
    state = getattr(error, "sqlstate", None)
    if state is None:  # no server answered: refused, timed out, or the line broke
        away = lost or type(error).__name__ == "OperationalError"
        return unavailable(_SQLSTATE_CLASSES_AWAY["08"]) if away else _refused(_name(error))
    fact = _SQLSTATE_AWAY.get(state) or _SQLSTATE_CLASSES_AWAY.get(state[:2])
    if fact is not None:
        return unavailable(fact)
    if state in _SQLSTATES_OF_SCHEMA:
        return _other_schema()
    return _refused(state)


def _name(error: BaseException) -> str:
    return type(error).__name__


def _other_schema() -> SchemaMismatch:
    return SchemaMismatch(
        Text("数据库表结构与本程序版本不符", "the tables are not those of this version"),
        place=_PLACE,
        mend=Text("运行 koubei init 更新数据库", "run koubei init to update the database"),
    )


def _refused(code: str) -> StoreError:
    return StoreError(Text(f"数据库拒绝（{code}）", f"refused ({code})"), place=_PLACE)
