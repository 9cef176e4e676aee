"""The company's OpenID provider: where to send a browser, and whom a code stands for.

OpenID Connect Core 1.0, code flow with PKCE (RFC 7636): state ties the answer to the browser, nonce
the token to the request, the verifier the code to this server. Addresses come from the provider's
discovery document and must be https, on this machine excepted.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
import structlog
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from domain.errors import NotPermitted, Text
from domain.hosts import is_loopback
from runtime.settings_model import Oidc
from workflow.company_login import Identity

_log = structlog.get_logger(__name__)

_SIGNATURES: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
)
"""Asymmetric ones only: with `none` or HS256 whoever knows the client could sign."""
_TIMEOUT: Final = 10.0
_KEEP_METADATA_SECONDS: Final = 3600.0
_LEEWAY_SECONDS: Final = 60
_LARGEST_ANSWER: Final = 512 * 1024


class Provider:
    """Speaks with one provider. Every failure is NotPermitted; its cause is in the log."""

    def __init__(
        self,
        settings: Oidc,
        redirect_uri: str,
        *,
        transport: httpx.BaseTransport | None = None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._redirect_uri = redirect_uri
        self._transport = transport
        self._seconds = seconds
        self._metadata: tuple[float, Mapping[str, Any]] | None = None
        self._keys: KeySet | None = None

    def login_address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return where the browser goes to log in."""
        return str(
            prepare_grant_uri(
                self._endpoint("authorization_endpoint"),
                client_id=self._settings.client_id,
                response_type="code",
                redirect_uri=self._redirect_uri,
                scope=self._settings.scopes,
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
            )
        )

    def identify(self, *, code: str, verifier: str, nonce: str) -> Identity:
        """Return whom a code stands for, once its token is verified."""
        token = self._redeem(code, verifier)
        claims = self._claims(token, nonce)
        groups = claims.get(self._settings.group_claim, ())
        if isinstance(groups, str):
            groups = groups.split()
        return Identity(
            issuer=str(claims["iss"]),
            subject=str(claims["sub"]),
            login=str(claims.get("preferred_username", "")),
            name=str(claims.get("name", "")),
            address=str(claims.get("email", "")),
            groups=frozenset(str(group) for group in groups),
        )

    def _redeem(self, code: str, verifier: str) -> Mapping[str, Any]:
        settings = self._settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        methods = self._discovered().get("token_endpoint_auth_methods_supported")
        basic = not methods or "client_secret_basic" in methods
        if not basic:
            form |= {"client_id": settings.client_id, "client_secret": settings.secret()}
        # RFC 6749 §2.3.1: both are form-encoded before they become a basic header
        login = httpx.BasicAuth(
            quote(settings.client_id, safe=""), quote(settings.secret(), safe="")
        )
        with self._client() as client:
            return _answer(
                lambda: client.post(
                    self._endpoint("token_endpoint"),
                    data=form,
                    auth=login if basic else httpx.USE_CLIENT_DEFAULT,
                    headers={"accept": "application/json"},
                )
            )

    def _claims(self, token: Mapping[str, Any], nonce: str) -> Mapping[str, Any]:
        metadata = self._discovered()
        wanted = {"iss": {"essential": True, "value": metadata["issuer"]}}
        wanted["aud"] = {"essential": True, "value": self._settings.client_id}
        try:
            read = self._decode(str(token.get("id_token", "")))
            claims = CodeIDToken(
                read.claims,
                read.header,
                wanted,
                {"nonce": nonce, "client_id": self._settings.client_id},
            )
            claims.validate(now=int(time.time()), leeway=_LEEWAY_SECONDS)
        except (JoseError, ValueError) as error:
            raise _unconfirmed("id_token", error) from None
        if claims.get("nonce") != nonce:  # also where the provider left it out
            raise _unconfirmed("nonce")
        return dict(claims)

    def _decode(self, id_token: str) -> jwt.Token:
        said = self._discovered().get("id_token_signing_alg_values_supported", ["RS256"])
        registry = JWSRegistry(
            algorithms=sorted(_SIGNATURES.intersection(said)), strict_check_header=False
        )
        try:
            return jwt.decode(id_token, self._key_set(), registry=registry)
        except InvalidKeyIdError:  # the provider changed its keys
            return jwt.decode(id_token, self._key_set(anew=True), registry=registry)

    def _key_set(self, *, anew: bool = False) -> KeySet:
        if self._keys is None or anew:
            with self._client() as client:
                found = _answer(lambda: client.get(self._endpoint("jwks_uri")))
            self._keys = KeySet.import_key_set({"keys": found.get("keys", [])})
        return self._keys

    def _endpoint(self, name: str) -> str:
        address = str(self._discovered().get(name, ""))
        parts = urlsplit(address)
        own = is_loopback(urlsplit(self._settings.issuer).hostname or "")
        if parts.scheme != "https" and not (own and is_loopback(parts.hostname or "")):
            raise _unconfirmed(name)
        return address

    def _discovered(self) -> Mapping[str, Any]:
        now = self._seconds()
        if self._metadata is not None and now - self._metadata[0] < _KEEP_METADATA_SECONDS:
            return self._metadata[1]
        address = f"{self._settings.issuer}/.well-known/openid-configuration"
        with self._client() as client:
            found = _answer(lambda: client.get(address))
        # OpenID Connect Discovery 1.0 §4.3; a slash at the end is written by some and not by others
        if str(found.get("issuer", "")).rstrip("/") != self._settings.issuer:
            raise _unconfirmed("issuer")
        self._metadata = (now, found)
        return found

    def _client(self) -> httpx.Client:
        verify: Any = str(self._settings.ca_file) if self._settings.ca_file else True
        return httpx.Client(timeout=_TIMEOUT, transport=self._transport, verify=verify)


def _answer(ask: Callable[[], httpx.Response]) -> Mapping[str, Any]:
    try:
        answer = ask()
        answer.raise_for_status()
        found = answer.json() if len(answer.content) <= _LARGEST_ANSWER else None
    except (httpx.HTTPError, ValueError) as error:
        raise _unconfirmed("provider", error) from None
    if not isinstance(found, dict):
        raise _unconfirmed("provider")
    return found


def _unconfirmed(what: str, error: Exception | None = None) -> NotPermitted:
    """Return the refusal; its cause is logged by kind, never with a token in it."""
    _log.warning("oidc.unconfirmed", what=what, error=type(error).__name__ if error else "")
    return NotPermitted(
        Text("企业身份服务未能确认您的身份", "the company's login did not confirm who you are"),
        mend=Text("请重新登录；多次失败请联系管理员", "try again; ask an admin if it stays so"),
    )
