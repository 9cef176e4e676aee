"""What the reasons of the coverage ledger mean to a person, and the one step that mends each."""

from domain.errors import NO_MEND, Text

_LATER = Text("稍后自动再采集", "a later run asks again by itself")
_SESSION = Text(
    "用运营方自己的账号在浏览器中登录该平台",
    "log in to the platform with the operator's own account",
)
_PAUSE = Text(
    "暂停该来源一段时间，调低采集频率", "leave the source alone for a while, then ask less often"
)

REASONS: dict[str, tuple[Text, Text]] = {
    "": (Text("", ""), NO_MEND),
    "login_wall": (Text("平台要求登录", "the platform wants a login"), _SESSION),
    "visitor": (Text("平台要求访客验证", "the platform wants its visitor step"), _SESSION),
    "captcha": (
        Text("平台要求验证码", "the platform shows a captcha"),
        Text(
            "由人在浏览器中完成验证；本系统不识别验证码",
            "a person solves it in a browser; we do not",
        ),
    ),
    "rate_limited": (Text("请求过于频繁", "asked too often"), _PAUSE),
    "refused": (Text("平台拒绝访问", "the platform refuses"), _PAUSE),
    "browser_check": (Text("平台要求浏览器校验", "the platform checks the browser"), _SESSION),
    "browser_missing": (
        Text("本机没有可用的浏览器", "no browser on this machine"),
        Text(
            "安装 Chromium（Debian：apt install chromium），或设置 browser.path",
            "install Chromium (Debian: apt install chromium), or set browser.path",
        ),
    ),
    "browser_needed": (
        Text("只有浏览器能打开这一页的结果", "only a browser can open these results"),
        Text("把该来源的 transport 改为 browser", "set transport = browser for the source"),
    ),
    "robots": (
        Text("robots.txt 不允许，或无法读取", "robots.txt says no, or cannot be read"),
        Text(
            "停用该来源，改用官方接口或导入",
            "switch the source off; use an official interface or import",
        ),
    ),
    "result_ceiling": (
        Text("结果超过平台显示上限", "more results than the platform shows"),
        Text("缩短采集间隔，或把方案拆成更具体的词", "crawl more often, or use narrower queries"),
    ),
    "timeout": (Text("页面超时", "the page took too long"), _LATER),
    "no_connection": (Text("连接不上", "no connection"), _LATER),
    "no_such_host": (
        Text("主机名解析失败", "the host name does not resolve"),
        Text("检查 base_url 与本机网络", "check base_url and this machine's network"),
    ),
    "too_many_redirects": (Text("跳转次数过多", "too many redirects"), _LATER),
    "body_too_large": (
        Text("页面超过 8 MiB", "the page is larger than 8 MiB"),
        Text("检查 base_url 是否指向搜索页", "check that base_url leads to the search page"),
    ),
    "address_refused": (
        Text("网络守卫拒绝了该地址", "the network guard refused an address"),
        Text(
            "内网地址须在 crawl.allowed_hosts 中逐一写明 主机:端口",
            "a private address has to be named as host:port in crawl.allowed_hosts",
        ),
    ),
    "not_content": (
        Text("页面不是搜索结果", "the page is no search result"),
        Text("用 koubei parse 查看存档页面", "look at the archived page with koubei parse"),
    ),
    "gone": (
        Text("页面已不存在", "the page is gone"),
        Text("检查 base_url", "check base_url"),
    ),
    "layout_changed": (
        Text("页面版式已变", "the layout changed"),
        Text(
            "用 koubei parse 查看存档页面，更新页面解析模块",
            "mend the page module; see koubei parse",
        ),
    ),
    "store_unavailable": (
        Text("存储不可用，已抓取的页面留待补存", "the store is away; what was fetched waits"),
        Text("用 koubei doctor 检查存储", "check the stores with koubei doctor"),
    ),
    "interrupted": (Text("采集被中断", "interrupted"), _LATER),
    "killed": (Text("采集进程被杀死", "the process was killed"), _LATER),
    "wall_clock": (
        Text("超过运行时限", "ran out of time"),
        Text("调大 crawl.wall_clock，或减少查询词", "raise crawl.wall_clock, or use fewer queries"),
    ),
    "already_running": (
        Text("另一个进程正在采集", "another process is crawling it"),
        Text("等它结束", "wait for it to end"),
    ),
    "internal_error": (
        Text("程序内部错误，页面已存档", "an error of ours; the page is archived"),
        Text("查看日志中的错误并报告", "see the error in the log, and report it"),
    ),
    "not_started": (
        Text("采集未能开始", "the crawl could not start"),
        Text("用 koubei doctor 检查", "check with koubei doctor"),
    ),
    "http_error": (Text("平台返回错误", "the platform answered with an error"), _LATER),
    "exit": (
        Text("采集进程异常退出", "the process failed"),
        Text("查看日志中的错误", "see the error in the log"),
    ),
    "http": (Text("平台返回错误", "the platform answered with an error"), _LATER),
}


def explain(reason: str) -> tuple[Text, Text]:
    """Return what a reason means and what mends it; codes keep their detail (`http_503`,
    `layout_changed:time`).
    """
    if reason in REASONS:
        return REASONS[reason]
    for stem, separator in (("layout_changed", ":"), ("http", "_"), ("exit", "_")):
        if reason.startswith(stem + separator):
            fact, mend = REASONS[stem]
            detail = reason[len(stem) + 1 :]
            return Text(f"{fact.zh}（{detail}）", f"{fact.en} ({detail})"), mend
    return Text(reason, reason), NO_MEND
