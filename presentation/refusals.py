"""What the operating system refused, in words: the fact, and the one step that mends it."""

import errno
from typing import Final

from domain.errors import Text
from presentation.wording import Reason

_REFUSALS: Final = {
    errno.ENOSPC: Reason(
        Text("磁盘已满", "the disk is full"),
        Text("清理磁盘后重试；已完成的不受影响", "make room and try again; what is done stays"),
    ),
    errno.EDQUOT: Reason(
        Text("磁盘配额已用完", "the disk quota is used up"),
        Text("清理后重试", "make room and try again"),
    ),
    errno.EROFS: Reason(
        Text("所在文件系统只读", "the file system is read-only"),
        Text("换一个可写的位置", "choose a place that can be written"),
    ),
    errno.EACCES: Reason(
        Text("没有权限", "permission denied"),
        Text("检查所有者与权限，或换一个位置", "look at owner and mode, or choose another place"),
    ),
    errno.ENOENT: Reason(
        Text("文件或目录不存在", "no such file or folder"), Text("检查路径", "check the path")
    ),
    errno.EEXIST: Reason(
        Text("已存在", "it is there already"), Text("换一个名称", "choose another name")
    ),
    errno.EISDIR: Reason(
        Text("是目录，不是文件", "is a folder, not a file"), Text("给出文件名", "name a file")
    ),
    errno.ENOTDIR: Reason(
        Text("路径中有一段不是目录", "part of the path is no folder"),
        Text("检查路径", "check the path"),
    ),
    errno.ENAMETOOLONG: Reason(
        Text("名称太长", "the name is too long"), Text("换一个短的名称", "choose a shorter one")
    ),
    errno.EMFILE: Reason(
        Text("打开的文件太多", "too many open files"),
        Text("调高上限（ulimit -n）", "raise the limit (ulimit -n)"),
    ),
}


def refusal(error: OSError) -> Reason:
    """Return the words for an error of the system; one that is not known keeps its own text."""
    known = _REFUSALS.get(errno.EACCES if error.errno == errno.EPERM else error.errno or 0)
    said = error.strerror or type(error).__name__
    return known or Reason(
        Text(f"系统错误：{said}", f"system error: {said}"),
        Text("运行 koubei doctor 检查本机", "look at this machine with koubei doctor"),
    )
