"""The patches on fabricated packages: what loads lazily, what loads whole, and what is said."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import typing
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import PathFinder
from pathlib import Path

import pytest

import fastsynth
from fastsynth import __main__ as commands
from fastsynth import lazy_index, lazy_package, notice, type_hints, type_index

if typing.TYPE_CHECKING:
    from types import ModuleType

HEAD = """r'''Bindings of an invented provider.'''
import abc
import publication

ROOT_VALUE = 41

from ._jsii import *

__all__ = ["ROOT_VALUE", {names}]

publication.publish()

# Loading modules to ensure their types are registered with the jsii runtime library
"""
NAMES = [f"thing_{number:02}" for number in range(25)]
IMPORTS = "".join(f"from . import {name}\n" for name in NAMES)


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Undo what a test changes about imports, environment and notices."""
    finders = [f for f in sys.meta_path if f is not lazy_package.BindingsFinder]
    monkeypatch.setattr(sys, "meta_path", finders)
    monkeypatch.setattr(notice, "_said", set())
    monkeypatch.setattr(type_index, "_started", None)
    plain = getattr(typing.get_type_hints, "__wrapped__", typing.get_type_hints)
    monkeypatch.setattr(typing, "get_type_hints", plain)
    monkeypatch.setenv("NODE_OPTIONS", "")
    monkeypatch.delenv("FASTSYNTH", raising=False)
    monkeypatch.delenv("FASTSYNTH_REPORT", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.startswith("invented_")]:
        del sys.modules[name]


@pytest.fixture
def package(tmp_path: Path, request: pytest.FixtureRequest):
    """Write a package of the generator's shape, with another end if the test gives one."""
    # A name of its own for each test, since importlib remembers what folders hold.
    name = f"invented_{abs(hash(request.node.name))}"

    def write(end: str = IMPORTS, head: str = HEAD) -> str:
        folder = tmp_path / name
        (folder / "_jsii").mkdir(parents=True)
        (folder / "_jsii" / "__init__.py").write_text(
            '# JSIIAssembly.load("@invented/provider", "1.0.0")\n__all__ = []\n'
        )
        (folder / "_jsii" / "provider@1.0.0.jsii.tgz").touch()
        listed = ", ".join(f'"{module}"' for module in NAMES)
        (folder / "__init__.py").write_text(head.replace("{names}", listed) + end)
        for module in NAMES:
            (folder / module).mkdir()
            (folder / module / "__init__.py").write_text(
                "import typing\nfrom .._jsii import *\n\n"
                f"class Thing:\n    value = {module!r}\n\n"
                'def _stub(thing: typing.Optional["Thing"]) -> None: ...\n'
            )
        importlib.invalidate_caches()
        return name

    return write


def loaded(package_name: str) -> list[str]:
    """List the package's modules that have been imported."""
    return [name for name in NAMES if f"{package_name}.{name}" in sys.modules]


def load(package_name: str) -> ModuleType:
    """Import a package under the patches."""
    lazy_package.install()
    return importlib.import_module(package_name)


def test_a_generated_package_imports_none_of_its_modules(package):
    """Importing the package costs its own head alone."""
    module = load(package())
    assert loaded(module.__name__) == []


def test_a_module_is_imported_when_it_is_used(package):
    """An attribute of the package imports that one module."""
    module = load(package())
    assert module.thing_07.Thing.value == "thing_07"
    assert loaded(module.__name__) == ["thing_07"]


def test_a_module_can_be_imported_from_the_package(package):
    """`from package import module` is the form that most projects use."""
    name = package()
    lazy_package.install()
    namespace: dict[str, ModuleType] = {}
    exec(f"from {name} import thing_03", namespace)
    assert namespace["thing_03"].Thing.value == "thing_03"
    assert loaded(name) == ["thing_03"]


def test_the_head_of_the_package_runs_as_it_is(package):
    """What the root module defines is there, and its private names stay private."""
    module = load(package())
    assert module.ROOT_VALUE == 41
    assert "abc" not in vars(module)
    assert module.__doc__ == "Bindings of an invented provider."


def test_dir_lists_modules_that_are_not_imported_yet(package):
    """Completion and introspection see the same names as ever."""
    module = load(package())
    assert set(NAMES) <= set(dir(module))
    assert "ROOT_VALUE" in dir(module)
    assert loaded(module.__name__) == []


def test_fails_for_a_name_the_package_does_not_have(package):
    """A misspelt module is an AttributeError that names package and attribute."""
    module = load(package())
    with pytest.raises(AttributeError, match=f"{module.__name__}.*no_such_thing"):
        _ = module.no_such_thing


def test_forward_references_resolve(package):
    """Typeguard resolves the hints of the generated stubs through their module's globals."""
    module = load(package())
    hints = typing.get_type_hints(module.thing_01._stub)
    assert hints["thing"] == typing.Optional[module.thing_01.Thing]  # noqa: UP045 - as generated


def test_threads_get_the_same_modules(package):
    """Concurrent first uses import each module once."""
    module = load(package())
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda name: getattr(module, name).Thing, NAMES * 8))
    assert [thing.value for thing in got] == NAMES * 8
    assert len(set(map(id, got))) == len(NAMES)


def test_a_package_inside_a_folder_of_generated_ones_is_lazy_too(package, tmp_path):
    """`cdktf get` writes bindings below `imports`, which is no package of its own."""
    name = package()
    outer = f"{name}_imports"
    (tmp_path / outer).mkdir()
    (tmp_path / name).rename(tmp_path / outer / name)
    module = load(f"{outer}.{name}")
    assert loaded(module.__name__) == []
    assert module.thing_02.Thing.value == "thing_02"
    table = sys.modules[f"{module.__name__}._jsii"].__dict__["_SUBMODULE_FQN_MAP"]
    assert table["@invented/provider.thing02"] == f"{outer}.{name}.thing_02"


@pytest.mark.parametrize(("before", "after"), [(700, 200_000), (500_000, 500_000), (0, 0)])
def test_collections_become_rarer_but_stay_as_the_caller_wants_them(monkeypatch, before, after):
    """A default is raised; a higher one and a collector that is off stay."""
    monkeypatch.setattr("atexit.register", lambda *_: None)
    own = gc.get_threshold()
    try:
        gc.set_threshold(before, 11, 12)
        fastsynth.install()
        assert gc.get_threshold()[:2] == (after, 11)
    finally:
        gc.set_threshold(*own)


def test_jsii_learns_which_module_holds_a_type(package):
    """The `_jsii` module carries the table with which jsii imports types on demand."""
    module = load(package())
    table = sys.modules[f"{module.__name__}._jsii"].__dict__["_SUBMODULE_FQN_MAP"]
    assert table["@invented/provider.thing07"] == f"{module.__name__}.thing_07"
    assert len(table) == len(NAMES)


@pytest.mark.parametrize(
    "end",
    [
        IMPORTS + "abc.ABC()\n",
        "class Late: ...\n" + IMPORTS,
        IMPORTS.replace("import thing_07", "import thing_07 as seven"),
    ],
)
def test_fails_to_be_lazy_where_other_code_stands_among_the_imports(package, capsys, end):
    """Such a package loads whole and says so once."""
    name = package(end=end)
    load(name)
    assert loaded(name) == NAMES
    del sys.modules[name]
    importlib.import_module(name)
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if name in line] == said
    assert len(said) == 1
    assert "among the imports" in said[0]


def test_fails_to_be_lazy_where_nothing_is_published(package, capsys):
    """Without publish() the file is of another generator."""
    name = package(head=HEAD.replace("publication.publish()", ""))
    load(name)
    assert loaded(name) == NAMES
    assert "does not publish" in capsys.readouterr().err


def test_a_package_with_few_modules_loads_whole_in_silence(package, capsys):
    """There is nothing to gain and nothing to say."""
    name = package(end="".join(IMPORTS.splitlines(keepends=True)[:19]))
    load(name)
    assert loaded(name) == NAMES[:19]
    assert capsys.readouterr().err == ""


def test_a_package_without_an_assembly_is_left_alone(package, tmp_path):
    """Only jsii packages get another loader."""
    name = package()
    next((tmp_path / name / "_jsii").glob("*.tgz")).unlink()
    load(name)
    assert loaded(name) == NAMES


def test_type_hints_of_a_stub_are_read_once_and_those_of_others_every_time():
    """Stubs by their name; whoever asks for something else is answered as ever."""

    def _typecheckingstub__0a1b(quantity: int, *, name: str | None = None) -> None: ...

    def ordinary(quantity: int) -> None: ...

    plain = typing.get_type_hints
    type_hints.install()
    type_hints.install()

    stub = typing.get_type_hints(_typecheckingstub__0a1b)
    assert stub == plain(_typecheckingstub__0a1b)
    assert typing.get_type_hints(_typecheckingstub__0a1b) is stub
    assert typing.get_type_hints(ordinary) == plain(ordinary)
    ordinary.__annotations__["quantity"] = str
    assert typing.get_type_hints(ordinary)["quantity"] is str
    extras = typing.get_type_hints(_typecheckingstub__0a1b, include_extras=True)
    assert extras == stub
    assert extras is not stub


def test_installing_twice_changes_nothing_more(monkeypatch):
    """Finder, Node options and report stay those of the first call."""
    monkeypatch.setattr("atexit.register", lambda *_: None)
    fastsynth.install()
    first = (list(sys.meta_path), dict(os.environ), gc.get_threshold())
    fastsynth.install()
    assert (list(sys.meta_path), dict(os.environ), gc.get_threshold()) == first


def test_the_switch_turns_everything_off(monkeypatch):
    """FASTSYNTH=0 leaves imports and environment as they were."""
    monkeypatch.setenv("FASTSYNTH", "0")
    before = (list(sys.meta_path), dict(os.environ))
    assert fastsynth.install() is False
    assert (list(sys.meta_path), dict(os.environ)) == before


def test_other_finders_keep_the_first_word():
    """The finder stands directly before the path finder, behind what others put in front."""
    lazy_package.install()
    at = sys.meta_path.index(lazy_package.BindingsFinder)
    assert sys.meta_path[at + 1] is PathFinder


def test_node_options_of_the_caller_stay(monkeypatch):
    """The hook comes behind the caller's own options, once."""
    monkeypatch.setenv("NODE_OPTIONS", "--max-old-space-size=512 --enable-source-maps")
    lazy_index.install()
    lazy_index.install()
    options = os.environ["NODE_OPTIONS"]
    assert options.startswith("--max-old-space-size=512 --enable-source-maps --require=")
    assert options.count("--require=") == 1


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/srv/app/hook.cjs", "/srv/app/hook.cjs"),
        ("/srv/my app/hook.cjs", '"/srv/my app/hook.cjs"'),
        ('C:\\it "s"\\hook.cjs', '"C:\\\\it \\"s\\"\\\\hook.cjs"'),
    ],
)
def test_node_options_quote_what_needs_quoting(path, expected):
    """Blanks separate options unless they stand in quotes."""
    assert lazy_index.quoted(path) == expected


def test_fails_to_be_lazy_in_node_without_the_hook_file(monkeypatch, tmp_path, capsys):
    """An import from an archive has no file that Node could load."""
    monkeypatch.setattr(lazy_index, "HOOK", tmp_path / "gone.cjs")
    lazy_index.install()
    assert os.environ["NODE_OPTIONS"] == ""
    assert "Node side loads whole" in capsys.readouterr().err


def test_nothing_is_awaited_when_no_index_was_missing():
    """A warm run ends at once and leaves no file behind."""
    type_index.install()
    assert type_index.wait() == []
    assert not Path(os.environ["FASTSYNTH_REPORT"]).exists()


def test_an_index_written_since_the_start_is_not_awaited_again(tmp_path, capsys):
    """A reported package whose manifest is new counts as indexed."""
    type_index.install()
    Path(os.environ["FASTSYNTH_REPORT"]).write_text(f"{tmp_path}\n", encoding="utf-8")
    (tmp_path / ".jsii.runtime.v1.json").touch()
    assert type_index.wait(timeout_seconds=0) == [tmp_path]
    assert not Path(os.environ["FASTSYNTH_REPORT"]).exists()
    assert "once for each version" in capsys.readouterr().err


@pytest.mark.parametrize("leftover", [None, ".jsii.runtime.v0.json"])
def test_fails_loudly_when_an_index_does_not_appear(tmp_path, capsys, leftover):
    """A missing index, or one of an older format, ends the wait at its limit with a word."""
    if leftover is not None:
        (tmp_path / leftover).touch()
        os.utime(tmp_path / leftover, (1, 1))
    type_index.install()
    Path(os.environ["FASTSYNTH_REPORT"]).write_text(f"{tmp_path}\n", encoding="utf-8")
    assert type_index.wait(timeout_seconds=0) == []
    assert "has not written" in capsys.readouterr().err


def test_bindings_are_found_by_their_assembly(package):
    """Setup needs no list of providers."""
    assert package() in commands.installed_bindings()


def test_compile_writes_the_bytecode_of_every_module(package, tmp_path, capsys):
    """After it a first run compiles nothing."""
    name = package()
    assert commands.main(["compile", name]) == 0
    assert len(list((tmp_path / name).rglob("*.pyc"))) == len(NAMES) + 2
    assert name in capsys.readouterr().out


def test_fails_to_compile_a_broken_module(package, tmp_path, capsys):
    """Setup stops where the installation is damaged."""
    name = package()
    (tmp_path / name / "thing_07" / "__init__.py").write_text("def\n")
    assert commands.main(["compile", name]) == 1
    assert "not all of" in capsys.readouterr().err
