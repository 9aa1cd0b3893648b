import pytest

from tests.architecture import confined, docstrings, exports, paths, scopes, sizes
from tests.architecture.source import package, package_of

BELUGA = package("beluga")


def test_libraries_are_imported_only_where_they_belong() -> None:
    assert confined.strayed(BELUGA) == []


def test_nothing_yields_inside_a_scope() -> None:
    assert scopes.yields_in_scopes(BELUGA) == []


def test_exports_are_complete_and_sorted() -> None:
    assert exports.export_faults(BELUGA) == []


def test_every_public_name_has_a_docstring() -> None:
    assert docstrings.undocumented(BELUGA) == []


def test_no_file_is_too_long() -> None:
    assert sizes.too_long(sizes.files(BELUGA), sizes.LONGEST_FILE) == []


def test_no_function_is_too_long() -> None:
    assert sizes.too_long(sizes.functions(BELUGA), sizes.LONGEST_FUNCTION) == []


def test_the_repository_names_no_private_path() -> None:
    assert paths.private_paths(paths.repository_texts()) == []


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("beluga.model", "import asyncio"),
        ("beluga.model", "from trio.testing import MockClock"),
        ("beluga.cli.chat", "def late():\n    import asyncio.events"),
        ("beluga.providers.groq", "import httpx"),
        ("beluga.testing.double", "import openai"),
    ],
)
def test_a_library_that_strayed_is_found(importer: str, source: str) -> None:
    [fault] = confined.strayed(package_of({importer: source}))
    assert fault.startswith(f"{importer}:")


@pytest.mark.parametrize(
    ("importer", "source"),
    [
        ("beluga.testing.virtual_time", "import asyncio, trio.testing"),
        ("beluga.transport.httpx_http", "import httpx"),
        ("beluga.model", "import anyio, triology, httpx_sse"),
    ],
)
def test_a_library_at_home_is_no_fault(importer: str, source: str) -> None:
    assert confined.strayed(package_of({importer: source})) == []


@pytest.mark.parametrize(
    "scope",
    [
        "anyio.create_task_group()",
        "anyio.fail_after(1)",
        "move_on_after(1)",
        "open() as f, CancelScope() as s",
    ],
)
def test_a_yield_in_a_scope_is_found(scope: str) -> None:
    body = f"    async with {scope}:\n        if x:\n            yield 1"
    known = package_of({"beluga.m": f"async def numbers():\n{body}"})
    assert scopes.yields_in_scopes(known) == ["beluga.m:4 yields inside a scope"]


@pytest.mark.parametrize(
    "source",
    [
        "@asynccontextmanager\nasync def m():\n    async with create_task_group():\n        yield",
        "@contextlib.contextmanager\ndef m():\n    with CancelScope():\n        yield",
        "@pytest.fixture(scope='module')\ndef m():\n    with CancelScope():\n        yield",
        "async def m():\n    with CancelScope():\n        pass\n    yield",
        "async def m():\n    with CancelScope():\n        def inner():\n            yield",
        "async def m():\n    with open(path):\n        yield",
        "def __await__(self):\n    with CancelScope():\n        yield",
    ],
)
def test_a_yield_outside_a_scope_is_no_fault(source: str) -> None:
    assert scopes.yields_in_scopes(package_of({"beluga.m": source})) == []


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("class A: ...", "has no __all__"),
        ("__all__ = ['b', 'A']\nclass A: ...\ndef b(): ...", "its __all__ is not sorted"),
        ("__all__ = ['b', 'b']\ndef b(): ...", "its __all__ names something twice"),
        ("__all__ = ['gone']", "__all__ names gone, which is not there"),
        (
            "__all__ = []\ndef b(): ...",
            "b is neither in __all__ nor marked with an underscore",
        ),
    ],
)
def test_a_faulty_export_list_is_found(source: str, fault: str) -> None:
    assert exports.export_faults(package_of({"beluga.m": source})) == [f"beluga.m: {fault}"]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("beluga.m", "__all__ = ['UNSET', 'A', 'b']\nUNSET = A = 1\ndef b(): ...\ndef _c(): ..."),
        ("beluga.m", "__all__: list[str] = ['A']\nif TYPE_CHECKING:\n    from beluga.n import A"),
        ("beluga._m", "def b(): ..."),
        ("beluga.dialects.x.wire", "__all__ = ['A']\nclass A: ...\nclass B: ..."),
        ("beluga.empty", '"""An empty package."""'),
    ],
)
def test_a_good_export_list_is_no_fault(name: str, source: str) -> None:
    assert exports.export_faults(package_of({name: source})) == []


def test_a_missing_docstring_is_found() -> None:
    source = '"""M."""\nclass A:\n    def b(self): ...\n    def _c(self): ...\ndef _d(): ...'
    assert docstrings.undocumented(package_of({"beluga.m": source, "beluga._n": ""})) == [
        "beluga.m.A has no docstring",
        "beluga.m.A.b has no docstring",
    ]


def test_an_overload_needs_no_docstring() -> None:
    source = '"""M."""\n@overload\ndef a(): ...\ndef a():\n    """A."""'
    assert docstrings.undocumented(package_of({"beluga.m": source})) == []


def test_sizes_are_measured() -> None:
    known = package_of({"beluga.m": "@mark\ndef a():\n    x\n    y\n\n\ndef b(): ...\n"})
    assert sizes.files(known) == {"beluga.m": 7}
    assert sizes.functions(known) == {"beluga.m:2 a": 3, "beluga.m:7 b": 1}
    assert sizes.too_long(sizes.functions(known), 2) == ["beluga.m:2 a has 3 lines; at most 2"]


def test_a_percentile_is_a_size_that_occurs() -> None:
    assert sizes.percentile(range(1, 101), 0.95) == 95
    assert sizes.percentile([3], 0.95) == 3


@pytest.mark.parametrize("home", paths.HOMES)
def test_a_private_path_is_found(home: str) -> None:
    line = f"see /{home}/notes"
    assert paths.private_paths([("README.md", f"\n{line}")]) == [f"README.md:2 {line}"]


@pytest.mark.parametrize("home", paths.HOMES)
@pytest.mark.parametrize("form", ["https://example.com/{}/page", "tests/{}/x", "a /{} page"])
def test_a_public_address_is_no_private_path(form: str, home: str) -> None:
    line = form.format(home)
    assert paths.private_paths([("README.md", line)]) == []
