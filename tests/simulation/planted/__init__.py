"""Planted bugs, each of which the simulation has to find: the proof that it can fail.

``python -m tests.simulation.planted`` hunts for all of them anew, and prints what ``found.py`` is to say.
"""
