"""``make preflight``: would the apply go through, and would what it makes work?"""
