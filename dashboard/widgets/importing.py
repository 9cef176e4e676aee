"""Bringing in a file: what was taken, and each row that was not, with its reason."""

import tempfile
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from dashboard.services import services
from dashboard.state import key, me, now
from dashboard.widgets.html import NOTHING, fill, join, show
from dashboard.widgets.notices import refused
from domain.errors import KoubeiError
from domain.mention import Platform
from monitoring.importing import ImportReport
from monitoring.uploads import import_upload
from presentation.formats import count
from presentation.wording import word

KINDS = ("csv", "xlsx", "jsonl", "json")
_SHOWN_PROBLEMS = 20


def wizard() -> None:
    """Ask for a file and import it when told to."""
    left, middle, right = st.columns([4, 2, 1], vertical_alignment="bottom")
    with left:
        file = st.file_uploader(
            "选择文件", type=list(KINDS), key=key("import", "file"), label_visibility="collapsed"
        )
    choices: dict[str, Platform | None] = {"按文件内容判断": None}
    choices |= {word(each).zh: each for each in Platform}
    with middle:
        chosen = st.selectbox("平台", list(choices), key=key("import", "platform"))
    if (
        right.button("导入", key=key("import", "go"), disabled=file is None, width="stretch")
        and file
    ):
        _import(file, choices[chosen])


def _import(file: UploadedFile, platform: Platform | None) -> None:
    services().use_present_model()
    with tempfile.TemporaryDirectory() as folder:
        # a name of our own: theirs is theirs
        path = Path(folder) / f"upload{Path(file.name).suffix.lower()}"
        path.write_bytes(file.getbuffer())
        try:
            with st.spinner("正在导入……", show_time=True):
                report = import_upload(
                    path,
                    file.name,
                    begin_work=services().begin_work,
                    ingest=services().ingest,
                    account_id=me().id,
                    at=now(),
                    platform=platform,
                )
        except KoubeiError as error:
            refused(error, kept="库中原有内容没有改动；修正文件后可以再次导入，不会重复")
            return
    _told(report)


def _told(report: ImportReport) -> None:
    result = report.result
    show(
        fill(
            '<div class="kb-note"><b>共 {rows} 行：新增 {new}，已有 {known}，未收 {bad}</b>'
            "{waiting}{list}</div>",
            rows=count(report.rows, "zh"),
            new=count(result.new, "zh"),
            known=count(result.found - result.new - len(result.refused) - result.spooled, "zh"),
            bad=count(len(report.problems) + len(result.refused), "zh"),
            waiting=fill("<p>内容库不可达，{n} 条暂存本机，恢复后自动补入</p>", n=result.spooled)
            if result.spooled
            else NOTHING,
            list=join(
                fill(
                    "<p>第 {row} 行 {field}：{text}</p>",
                    row=problem.row,
                    field=problem.field,
                    text=problem.text.zh,
                )
                for problem in report.problems[:_SHOWN_PROBLEMS]
            ),
        )
    )
    left = len(report.problems) - _SHOWN_PROBLEMS
    if left > 0:
        show(
            fill('<span class="kb-quiet">另有 {left} 行有问题，修正后再导入即可</span>', left=left)
        )
