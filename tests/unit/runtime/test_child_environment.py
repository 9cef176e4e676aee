from browser.find import FoundBrowser
from browser.launch import launch_options
from runtime.child_environment import child_environment

OURS = {
    "HOME": "/home/koubei",
    "PATH": "/usr/bin",
    "PYTHONPATH": "/srv/koubei",
    "LC_ALL": "C.UTF-8",
    "XDG_RUNTIME_DIR": "/run/user/1",
    "KOUBEI_SMTP__PASSWORD": "secret",
    "KOUBEI_AUTHOR_KEY": "secret",
    "PGPASSWORD": "secret",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "HTTP_PROXY": "http://user:secret@proxy",
}


def test_a_child_is_told_where_it_is_and_no_secret():
    assert child_environment(OURS).keys() == {
        "HOME",
        "LC_ALL",
        "PATH",
        "PYTHONPATH",
        "XDG_RUNTIME_DIR",
    }


def test_the_browser_is_told_nothing_else_and_looks_no_name_up():
    options = launch_options(
        FoundBrowser("/usr/bin/chromium", "1.2"),
        proxy="http://127.0.0.1:1",
        environment=child_environment(OURS),
    )
    assert options["env"] == child_environment(OURS)
    assert "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1" in options["args"]
