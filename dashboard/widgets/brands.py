"""Which brand a page is about, in its address."""

from dashboard.data import configuration
from dashboard.state import address
from dashboard.widgets.filters import choose
from domain.brand import Brand


def watched_brands() -> tuple[Brand, ...]:
    """Return the brands that an enabled watch names, in the order of the configuration."""
    _, watched = configuration()
    return tuple(brand for brand in watched.brands if watched.watches_of(brand.id))


def choose_brand() -> Brand | None:
    """Show the choice and return the brand; None when nothing is watched."""
    brands = watched_brands()
    if not brands:
        return None
    chosen = choose(
        "品牌", "brand", {brand.id: brand.name for brand in brands}, default=brands[0].id
    )
    return next(brand for brand in brands if brand.id == chosen)


def chosen_brand() -> Brand | None:
    """Return the brand of the address without showing a choice."""
    brands = watched_brands()
    named = address().get("brand")
    return next((brand for brand in brands if brand.id == named), brands[0] if brands else None)
