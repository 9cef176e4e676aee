"""What our own pages share: templates, forms that are tied to the browser, and refusals."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from domain.errors import NO_MEND, ConfigurationError, KoubeiError, NotPermitted, StoreError, Text
from domain.hosts import is_read_on_the_line
from domain.ports import Masker
from web.cookies import FORM_FIELD, Cookies
from web.guard import visitor_of
from web.services import WebServices


class Paper:
    """Renders pages in the language of the installation; every text in them is escaped."""

    def __init__(self, services: WebServices) -> None:
        self.services = services
        self.cookies = Cookies(secure=services.is_https)
        self._templates = Environment(
            loader=PackageLoader("web"),
            autoescape=select_autoescape(default_for_string=True, default=True),
            undefined=StrictUndefined,
        )

    def page(self, template: str, values: dict[str, Any], *, status: int = 200) -> Response:
        """Return a page without a form."""
        language = self.services.language
        text = self._templates.get_template(template).render(
            {
                "problem": "",
                "on_plain_lan": is_read_on_the_line(self.services.public_url),
                **values,
                "zh": not language.startswith("en"),
            }
        )
        return HTMLResponse(text, status_code=status)

    def form(
        self, request: Request, template: str, values: dict[str, Any], *, status: int = 200
    ) -> Response:
        """Return a page with forms, each of which carries this browser's token."""
        token = self.cookies.form_token(request)
        response = self.page(template, {**values, "form_token": token}, status=status)
        self.cookies.set_form_token(response, token)
        return response

    async def sent(self, request: Request) -> FormData:
        """Return what a form brought; NotPermitted when it was not shown in this browser."""
        form = await request.form(max_files=0, max_fields=30)
        if not self.cookies.is_own_form(request, text(form, FORM_FIELD)):
            raise NotPermitted(
                Text("表单已过期", "this form is too old"),
                mend=Text("请刷新页面后重试", "load the page again"),
            )
        return form

    def refused(self, request: Request, error: KoubeiError) -> Response:
        """Return the page that says what was refused, and what helps."""
        values = {"fact": self.say(error.text), "mend": self.say(error.mend)}
        return self.page("refused.html.j2", values, status=_status(error))

    def problem(self, error: KoubeiError) -> str:
        """Return what stands above a form that was not taken."""
        said = self.say(error.text)
        return f"{said}。{self.say(error.mend)}" if error.mend != NO_MEND else said

    def entered(self, place: str, token: str) -> Response:
        """Return the way in: a new session's cookie, and the page that was asked for."""
        response = RedirectResponse(place, 303)
        self.cookies.set_session(response, token)
        return response

    def masker(self) -> Masker:
        """Return what seals the secrets of second factors; ConfigurationError without its key."""
        if self.services.masker is None:
            raise ConfigurationError(
                Text("本机没有封存密钥，无法使用动态验证码", "no seal key here: no second factor")
            )
        return self.services.masker()

    def say(self, sentence: Text) -> str:
        """Return a sentence in the language of the installation."""
        return sentence.in_language(self.services.language)


def text(form: FormData, name: str, *, longest: int = 300) -> str:
    """Return a field of a form, "" without it; never longer than that."""
    value = form.get(name, "")
    return value[:longest] if isinstance(value, str) else ""


def address_of(request: Request) -> str:
    """Return the visitor's network address, as the trusted proxy (or the line) has it."""
    return request.client.host if request.client else ""


def account_id_of(request: Request) -> str:
    """Return whose session this is; the guard lets nobody else come this far."""
    visitor = visitor_of(request)
    if visitor is None:
        raise NotPermitted(Text("请先登录", "log in first"))
    return visitor.account.id


def _status(error: KoubeiError) -> int:
    if isinstance(error, NotPermitted):
        return 403
    return 503 if isinstance(error, StoreError) else 400
