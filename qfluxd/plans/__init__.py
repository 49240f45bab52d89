"""Which strategy trades what, when, with how much: the plans, looked after on the desk."""
