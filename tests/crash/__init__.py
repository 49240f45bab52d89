"""Kills a real daemon at every point of an order's way, and counts orders at the broker."""
