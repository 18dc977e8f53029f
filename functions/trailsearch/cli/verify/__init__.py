"""``make verify``: does a deployed environment work?"""
