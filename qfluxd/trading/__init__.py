"""Orders: what is allowed, what was done, what became of it."""
