"""A paper account on another driver's prices: orders, deals and money of our own, and nothing of the broker's."""
