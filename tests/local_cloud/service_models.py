"""botocore's models of services, read once in a process: most sessions would read them anew, and so do moto's backends.

To read the model of a service takes longer than to make a client of it.
"""

from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader, Loader


def read_once() -> None:
    """Have every session of this process share what one of them has read."""
    load_file, list_available_services = JSONFileLoader.load_file, Loader.list_available_services
    listed: dict[tuple[str, ...], list[str]] = {}

    @cache
    def loaded(path: str) -> Any:
        return load_file(JSONFileLoader(), path)

    def load_file_once(_self: JSONFileLoader, file_path: str) -> Any:
        return loaded(file_path)

    # Nor does one find other models than another, which looks into the folders of 400 services.
    def list_once(self: Loader, type_name: str) -> list[str]:
        key = (type_name, *self.search_paths)
        if key not in listed:
            listed[key] = list_available_services(self, type_name)
        return listed[key]

    JSONFileLoader.load_file = load_file_once  # type: ignore[assignment, method-assign]
    Loader.list_available_services = list_once  # type: ignore[method-assign]
