"""Research: training models on stored data, and telling honestly what they are worth."""
