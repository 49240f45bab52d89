"""Drivers: one folder or file per broker; the core names none of them."""
