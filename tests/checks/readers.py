"""Which modules read a file that is no Python: what the import graph cannot know."""

from fnmatch import fnmatchcase

# The first pattern that fits counts; a * goes over slashes, too. A package stands for all of its modules.
READERS: list[tuple[str, tuple[str, ...]]] = [
    ("*README.md", ("tests.documentation", "tests.contract.test_what_the_readmes_ask")),
    (
        "Makefile",
        (
            "tests.tooling.test_makefile",
            "tests.tooling.test_macos_tools",
            "tests.tooling.test_clone_anywhere",
            "tests.documentation",
        ),
    ),
    ("statemachine/*.json", ("tests.workflow.definition",)),
    (
        "terraform/environments/*.tfvars",
        (
            "trailsearch.cli.terraform_settings",
            "tests.documentation.test_adoption",
            "tests.documentation.test_searches",
        ),
    ),
    ("terraform/tests/*", ("tests.documentation.test_adoption", "tests.documentation.test_runbooks")),
    # Terraform's own tests and the deployments of the end-to-end tests are for `make test`.
    (
        "terraform/*.tf",
        (
            "tests.documentation.terraform_tables",
            "tests.unit.logs.test_trail_log",
            "tests.tooling.test_terraform_order",
            "tests.workflow.test_redriven_size",
            "trailsearch.cli.terraform_settings",
            "tests.unit.cli.verify.test_configuration",
        ),
    ),
    ("terraform/environments/*.tfbackend", ("trailsearch.cli.terraform_settings",)),
    ("terraform/*", ()),
    ("tests/local_cloud/terraform/*", ("tests.local_cloud.terraform.deployment",)),
    ("functions/trailsearch/cli/cost/tables/*", ("trailsearch.cli.cost.settings",)),
    ("functions/trailsearch/questions/*", ("trailsearch.questions.catalogue",)),
    ("functions/dashboards/*", ("tests.unit.cli.test_dashboards", "tests.contract.test_dashboards")),
    ("functions/trailsearch/page/static/*", ("tests.browser",)),
    ("requirements.txt", ("trailsearch.cli.package",)),
    ("requirements-audit.txt", ("trailsearch.cli.package", "tests.tooling.test_locks")),
    ("requirements*.txt", ("tests.tooling.test_locks",)),
    ("tests/iam/*.mjs", ("tests.iam.simulator",)),
    ("tests/browser/pictures/*", ("tests.browser.test_pictures",)),
    # The tools' own settings and locks, which `make lint` and `make setup` read, and what people read.
    ("requirements*", ()),
    ("package*.json", ()),
    ("pyproject.toml", ()),
    (".ci/run", ("tests.tooling.test_macos_tools",)),
    (".biome.json", ("tests.browser.test_sources",)),
    (".editorconfig", ()),
    (".git*", ()),
    ("CHANGELOG.md", ("tests.documentation.test_pages", "tests.documentation.test_links")),
    ("LICENSE", ()),
    ("*.svg", ()),
]


def readers_of(path: str) -> tuple[str, ...]:
    """The modules and packages that read a file; none, if nothing but `make lint` or a person does.

    Raises:
        KeyError: nobody has said yet who reads it.
    """
    for pattern, modules in READERS:
        if fnmatchcase(path, pattern):
            return modules
    raise KeyError(path)
