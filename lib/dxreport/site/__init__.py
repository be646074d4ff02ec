"""The site: months with permanent addresses, the archive, and how they take their places.

What publishes is imported when it is asked for: to see that a month is as it should be takes none
of the libraries that make it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dxreport.site.publishing import Published, publish_month, publish_notebooks, publish_to

__all__ = ["Published", "publish_month", "publish_notebooks", "publish_to"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dxreport.site import publishing

    return getattr(publishing, name)
