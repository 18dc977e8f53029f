"""Write the generated parts of the pages anew: `make docs`."""

from tests.documentation import blocks, pages
from tests.documentation.generators import GENERATORS


def main() -> None:
    """Write every page whose generated parts are not current, and say which these are."""
    for page in pages.PAGES:
        text = page.read_text(encoding="utf-8")
        written = blocks.write(text, GENERATORS)
        if written != text:
            page.write_text(written, encoding="utf-8")
            print(f"{pages.name(page)} is written anew.")


if __name__ == "__main__":
    main()
