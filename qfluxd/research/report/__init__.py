"""Reports: what trades came to, how sure that is, and how to have it again, in one file that can be sent to others."""
