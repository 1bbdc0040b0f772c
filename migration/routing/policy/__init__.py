"""The policy and the router that runs in production: numpy and the standard library alone."""

from migration.routing.policy.document import ANY, Candidate, Limits, Policy, Rung
from migration.routing.policy.response import signals_of
from migration.routing.policy.router import LLM, SLM, Request, Router, RoutingDecision

__all__ = [
    "ANY",
    "LLM",
    "SLM",
    "Candidate",
    "Limits",
    "Policy",
    "Request",
    "Router",
    "RoutingDecision",
    "Rung",
    "signals_of",
]
