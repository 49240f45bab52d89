"""The strategies that come with qfluxd, one a file; each is an entry point of the group ``qfluxd.strategies``."""
