"""The monthly report on a province's digital-transformation targets."""

__version__ = "0.1.0"
