"""What the broker's and the page's messages say, kind by kind; no I/O."""
