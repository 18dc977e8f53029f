"""``make status``: is all well?"""
