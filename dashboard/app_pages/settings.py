"""设置."""

from dashboard.state import require_page
from dashboard.widgets.frame import head
from dashboard.widgets.notices import empty
from workflow.permissions import Permission

require_page(Permission.READ)
with head("设置"):
    pass
empty("这一页还没有接上", "其余页面可以照常使用；本页随后续版本提供。")
