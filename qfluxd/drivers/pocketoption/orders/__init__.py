"""One order on the page: set, looked at once more, clicked once, and proved."""
