"""``make audit``: is every log indexed that CloudTrail has signed?"""
