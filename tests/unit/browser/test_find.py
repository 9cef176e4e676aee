"""Finding a Chromium: the order of looking, what is passed over, and what is said then."""

from pathlib import Path

import pytest

from browser.find import ask_for_version, find_browser, is_snap
from domain.errors import BrowserMissing


def program(path: Path, text: str = "#!/bin/sh\necho 'Chromium 156.0.1 built'\n") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def find(tmp_path, configured=None, on_path=(), *, works=lambda _: "156.0", is_root=False):
    return find_browser(
        configured,
        environ={"HOME": str(tmp_path)},
        which=lambda name: dict(on_path).get(name),
        ask_version=works,
        is_root=is_root,
    )


def test_playwright_s_own_comes_before_the_path_and_the_newest_first(tmp_path):
    cache = tmp_path / ".cache" / "ms-playwright"
    for revision in (999, 1200):
        program(cache / f"chromium-{revision}" / "chrome-linux" / "chrome")
    found = find(tmp_path, on_path={"chromium": "/usr/bin/chromium"})
    assert found.path == str(cache / "chromium-1200" / "chrome-linux" / "chrome")


def test_what_does_not_tell_its_version_is_passed_over(tmp_path):
    on_path = {"chromium": "/broken", "google-chrome": "/good"}
    found = find(tmp_path, on_path=on_path, works={"/good": "150.0"}.get)
    assert (found.path, found.version) == ("/good", "150.0")


def test_the_operator_s_choice_comes_first_and_is_never_gone_around(tmp_path):
    on_path = {"chromium": "/usr/bin/chromium"}
    assert find(tmp_path, "/mine", on_path).path == "/mine"
    with pytest.raises(BrowserMissing, match="named does not work: /mine"):
        find(tmp_path, "/mine", on_path, works=lambda _: None)


def test_a_snap_is_passed_over_and_the_mend_says_what_to_install(tmp_path):
    snap = program(tmp_path / "chromium-browser", '#!/bin/sh\nexec /snap/bin/chromium "$@"\n')
    with pytest.raises(BrowserMissing) as caught:
        find(tmp_path, on_path={"chromium": "/snap/bin/chromium", "chromium-browser": snap})
    assert "/snap/bin/chromium (snap)" in str(caught.value)
    assert f"{snap} (snap)" in str(caught.value)
    assert ".deb" in caught.value.text.zh + caught.value.mend.zh


def test_an_ordinary_script_or_folder_name_is_no_snap(tmp_path):
    assert not is_snap(Path(program(tmp_path / "snap" / "chromium")))
    assert not is_snap(tmp_path / "nothing")


@pytest.mark.parametrize(("is_root", "arguments"), [(True, ("--no-sandbox",)), (False, ())])
def test_only_root_goes_without_a_sandbox(tmp_path, is_root, arguments):
    found = find(tmp_path, "/mine", is_root=is_root)
    assert found.arguments == arguments
    assert found.sandboxed is not is_root


def test_nothing_at_all_says_so_with_a_mend(tmp_path):
    with pytest.raises(BrowserMissing, match=r"no Chromium was found.*KOUBEI_BROWSER"):
        find(tmp_path)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("#!/bin/sh\necho 'Chromium 156.0.8078.79 built on Debian'\n", "156.0.8078.79"),
        ("#!/bin/sh\necho 'Chromium 156.0.8078.79'; exit 1\n", None),
        ("#!/bin/sh\necho hello\n", None),
        ("not a program", None),
    ],
)
def test_the_version_is_what_the_program_says(tmp_path, text, version):
    assert ask_for_version(program(tmp_path / "chrome", text)) == version


def test_a_program_that_is_not_there_has_no_version(tmp_path):
    assert ask_for_version(str(tmp_path / "nothing")) is None
