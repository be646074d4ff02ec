"""The site: months with permanent addresses, the archive, and how they take their places."""

from dxreport.site.publishing import Published, publish_month, publish_notebooks, publish_to

__all__ = ["Published", "publish_month", "publish_notebooks", "publish_to"]
