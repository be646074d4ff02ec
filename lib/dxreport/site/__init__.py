"""The site: months with permanent addresses, the archive, and how they take their places."""
