"""The table of the questions: those that there are files of."""

from tests.documentation.tables import code, table
from trailsearch.questions import Catalogue


def questions_table(questions: Catalogue) -> str:
    """Give the table: name, question, and which options it needs."""
    rows = [
        (
            code(name),
            question.title,
            ", ".join(" or ".join(code(each.upper()) for each in need.split("|")) for need in question.needs),
        )
        for name, question in questions.items()
    ]
    return table(("`Q`", "Question", "Needs"), rows)
