"""The posts behind an alarm: crawled text, cleaned, masked, cut and defanged."""

from dataclasses import dataclass

from delivery.alert_facts import AlertPart
from domain.signal import TopPost
from presentation import formats
from presentation.hostile import link_host, quotation, safe_link
from presentation.masking import mask_name

_SHOWN_POSTS, _SHOWN_TERMS, _EXCERPT_SIGNS = 3, 10, 80
TERM_SIGNS = 8
"""How long a frequent word may be."""


@dataclass(frozen=True, slots=True)
class Post:
    """One representative post as the mail shows it."""

    head: str
    excerpt: str
    facts: str
    link: str | None
    host: str


@dataclass(frozen=True, slots=True)
class Posts(AlertPart):
    """Who said it, where, in which words."""

    @property
    def shown(self) -> list[Post]:
        """The representative posts: masked, cut, with a link only where it is a plain one."""
        return [self._post(post) for post in self.signal.top_posts[:_SHOWN_POSTS]]

    @property
    def first_seen(self) -> str:
        """`首发 @王** 10:12`, or "" while it is not known."""
        post = self.signal.first_post
        if post is None:
            return ""
        at = self.near(post.published_at)
        name = self._author(post)
        return self.t(f"首发 {name} {at}", f"first by {name} at {at}")

    @property
    def terms(self) -> str:
        """The hottest words with their counts."""
        return " · ".join(
            f"{quotation(term, TERM_SIGNS)} {number}"
            for term, number in self.signal.terms[:_SHOWN_TERMS]
        )

    def _author(self, post: TopPost) -> str:
        name = mask_name(post.author)
        return f"@{name}" if name else self.t("作者未知", "author unknown")

    def _post(self, post: TopPost) -> Post:
        head = [self.near(post.published_at), self.word(post.platform), self._author(post)]
        first = self.signal.first_post
        if first and first.mention_id == post.mention_id:
            head.append(self.t("首发", "first"))
        facts = [
            self.t("转评赞 ", "interactions ")
            + formats.count(post.interactions, self.facts.language)
        ]
        if post.near_copies:
            facts.append(self.t("相似 ", "near copies ") + f"{post.near_copies:,}")
        facts.append(
            self.t("负面置信度 ", "negative, confidence ") + formats.share(post.confidence)
        )
        link = safe_link(post.url)
        return Post(
            head=" · ".join(head),
            excerpt=quotation(post.excerpt, _EXCERPT_SIGNS),
            facts=" · ".join(facts),
            link=link,
            host=link_host(link) if link else "",
        )
