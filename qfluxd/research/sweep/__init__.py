"""Sweeps: many options of one strategy tried on one past, and what that is worth on data they were not chosen by."""
