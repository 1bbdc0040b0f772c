"""Postal addresses: words of streets and units, how far an address goes."""
