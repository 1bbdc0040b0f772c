"""The policy and the router that runs in production: numpy and the standard library alone."""

from migration.routing.policy.router import Limits, Policy, Request, Router, RoutingDecision

__all__ = ["Limits", "Policy", "Request", "Router", "RoutingDecision"]
