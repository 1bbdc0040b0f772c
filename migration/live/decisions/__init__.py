"""The decision log: a bounded queue on the request path (`log`), and the process that masks and writes (`writer`)."""

from migration.live.decisions.log import DecisionLog

__all__ = ["DecisionLog"]
