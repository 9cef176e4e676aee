"""Zhihu: the answers of a question, those that changed last first."""

from urllib.parse import quote

from crawlers.frontier import PageRequest
from crawlers.spiders.follow import FollowSpider, on_the_same_site
from domain.brand import Follow


class ZhihuQuestionSpider(FollowSpider):
    """The question's own page, which carries the question and its first answers, then what it
    names for more: in a browser by its own calls while scrolling, over plain HTTP by asking for
    that address as it stands.
    """

    name = "zhihu_question"
    max_scrolls = 10
    page_begins = True
    by_activity = True

    def first_urls(self, follow: Follow) -> tuple[str, ...]:
        """The page with the answers in the order of their last change."""
        return (f"{self.site}/question/{quote(follow.key)}/answers/updated",)

    def call_of(self, request: PageRequest) -> str:
        """The call for answers of this very question; similar ones are asked for beside it."""
        return f"/api/v4/questions/{self.followed(request.series).key}/feeds"

    def following(self, request: PageRequest, token: str) -> str | None:
        """The address that Zhihu named."""
        return on_the_same_site(self.site, request.url, token)
