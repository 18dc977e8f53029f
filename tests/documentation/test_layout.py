"""What the pages say of folders is what there is."""

import re

from tests.conftest import REPOSITORY
from tests.documentation import pages

LIBRARY = REPOSITORY / "functions" / "trailsearch"


def test_every_package_of_the_library_has_a_row_and_stands_where_its_docstring_has_it() -> None:
    table = pages.read(pages.FUNCTIONS).partition("| Package | What it holds |\n| --- | --- |\n")[2]
    shown = re.findall(r"^\| `(\w+)` \|", table.partition("\n\n")[0], re.MULTILINE)
    described = re.findall(
        r"^    (\w+) +\w", (LIBRARY / "__init__.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert shown == described
    assert set(shown) == {path.parent.name for path in LIBRARY.glob("*/__init__.py")}


def test_every_folder_of_the_layout_is_there() -> None:
    (layout,) = (fence.text for fence in pages.fences(pages.read(pages.TOP)) if "terraform/ " in fence.text)
    top, missing = "", []
    for line in layout.splitlines():
        if not line.startswith(" "):
            top = line.split("/")[0]
        names = re.findall(r"\w+/", line)
        places = [REPOSITORY / top, LIBRARY, REPOSITORY]
        missing += [name for name in names if not any((place / name).is_dir() for place in places)]
    assert missing == []
    tops = {line.split("/")[0] for line in layout.splitlines() if not line.startswith(" ")}
    assert tops == {page.parent.name for page in pages.READMES[1:]}
