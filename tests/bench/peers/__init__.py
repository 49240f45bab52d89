"""Other programs that do the same, each run by an interpreter of its own, with nothing of theirs beside ours."""
