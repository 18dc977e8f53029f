"""What investigators ask of CloudTrail, each as a file: what it tells, which events it is about, and how it is answered.

A question is asked of a search domain of any backend. What is typed beside it narrows it, as it narrows a search.
"""

from trailsearch.questions.catalogue import Catalogue, QuestionUnreadable, load, read_folder
from trailsearch.questions.finding import Finding, QuestionNotAnswered
from trailsearch.questions.question import Question, Reply, ask

__all__ = [
    "Catalogue",
    "Finding",
    "Question",
    "QuestionNotAnswered",
    "QuestionUnreadable",
    "Reply",
    "ask",
    "load",
    "read_folder",
]
