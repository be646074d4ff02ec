"""Small numbers: figures on few cases are left out, and whatever would tell them.

`rule` reads the setting; `publish.publishable` stands between the facts and whoever shows them.
It is imported only where the setting is on, for it brings a solver.
"""
