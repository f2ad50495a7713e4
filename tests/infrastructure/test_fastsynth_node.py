"""The Node hook on fabricated packages: what becomes a getter, and what stays as it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from fastsynth import lazy_index

NAMES = [f"thing{number:02}" for number in range(25)]
FRAME = (
    '"use strict";\n/**\n * A licence.\n */\n'
    'Object.defineProperty(exports, "__esModule", { value: true });\n'
    f"{''.join(f'exports.{name} = ' for name in reversed(NAMES))}void 0;\n"
    "// https://example.org\n"
)
REQUIRES = "".join(f'exports.{name} = require("./{name}");\n' for name in NAMES)
HELPERS = """"use strict";
var __setModuleDefault = (this && this.__setModuleDefault) || (Object.create ? (function(o, v) {
    Object.defineProperty(o, "default", { enumerable: true, value: v });
}) : function(o, v) {
    o["default"] = v;
});
var __importStar = (this && this.__importStar) || (function () {
    return function (mod) {
        return mod && mod.__esModule ? mod : { star: true, value: mod.value };
    };
})();
"""
STARS = HELPERS + "".join(
    f'exports.{name} = __importStar(require("./{name}"));\n' for name in NAMES
)
LOADED = "globalThis.loaded = (globalThis.loaded ?? []).concat"


@pytest.fixture
def node(tmp_path, monkeypatch):
    """Run a script in Node with the hook and an index.js of the given text."""
    # A path with a blank, which NODE_OPTIONS takes apart unless it is quoted
    hook = tmp_path / "with blank" / "hook.cjs"
    hook.parent.mkdir()
    shutil.copy(lazy_index.HOOK, hook)
    monkeypatch.setattr(lazy_index, "HOOK", hook)
    monkeypatch.setenv("NODE_OPTIONS", "--no-deprecation")
    lazy_index.install()

    def run(
        index: str, script: str, file: str = "index.js", **environment: str
    ) -> tuple[object, str]:
        folder = tmp_path / "with blank" / "lib"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(index)
        for name in NAMES:
            (folder / f"{name}.js").write_text(
                f'{LOADED}("{name}"); exports.value = "{name}";\n', encoding="utf-8"
            )
        text = f"const lib = require({json.dumps(str(folder / file))});\n{script}"
        done = subprocess.run(
            ["node", "-e", text],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), done.stderr

    return run


def printed(expression: str) -> str:
    """Give a script that prints one value as JSON."""
    return f"console.log(JSON.stringify({expression}));"


def test_an_index_requires_none_of_its_parts(node):
    """Loading the index alone loads nothing else."""
    loaded, said = node(FRAME + REQUIRES, printed("globalThis.loaded ?? []"))
    assert loaded == []
    assert said == ""


def test_a_part_is_required_once_when_it_is_used(node):
    """A getter replaces itself by the value."""
    script = "lib.thing07; lib.thing07;" + printed(
        "[lib.thing07.value, loaded, Object.getOwnPropertyDescriptor(lib, 'thing07').writable]"
    )
    assert node(FRAME + REQUIRES, script)[0] == ["thing07", ["thing07"], True]


def test_a_part_passes_through_the_compilers_helper(node):
    """Newer compilers wrap each require in __importStar, which then works on the part in use."""
    script = "lib.thing07;" + printed("[lib.thing07.value, lib.thing07.star, loaded]")
    assert node(STARS, script) == (["thing07", True, ["thing07"]], "")


def test_the_names_keep_their_order(node):
    """Object.keys() gives what it gives without the hook."""
    script = printed("[Object.keys(lib), lib.__esModule, Object.keys(lib).length]")
    assert node(FRAME + REQUIRES, script) == node(
        FRAME + REQUIRES, script, NODE_OPTIONS="--no-deprecation"
    )


def test_a_part_can_be_replaced(node):
    """Assigning to an export works as on a plain object."""
    script = "lib.thing01 = 5;" + printed("[lib.thing01, globalThis.loaded ?? []]")
    assert node(FRAME + REQUIRES, script)[0] == [5, []]


@pytest.mark.parametrize(
    "index",
    [
        FRAME + REQUIRES + "exports.extra = 1;\n",
        FRAME + "const register = () => {};\n" + REQUIRES,
        FRAME
        + REQUIRES.replace('exports.thing03 = require("./thing03");', 'require("./thing03");'),
        FRAME + REQUIRES + "/* */ exports.extra = 1;\n",
        STARS.replace("})();", "})(); exports.extra = 1;") + REQUIRES,
        STARS + "register();\nfunction register() {}\n",
    ],
)
def test_fails_to_be_lazy_where_other_code_stands_in_the_index(node, index):
    """Such a file loads whole and says so once."""
    loaded, said = node(index, printed("loaded"))
    assert loaded == NAMES
    assert said.startswith("fastsynth: ")
    assert "among the requires" in said
    assert len(said.splitlines()) == 1


def test_a_small_index_loads_whole_in_silence(node):
    """There is nothing to gain and nothing to say."""
    small = "".join(REQUIRES.splitlines(keepends=True)[:19])
    loaded, said = node(FRAME + small, printed("loaded"))
    assert loaded == NAMES[:19]
    assert said == ""


def test_other_files_are_left_alone(node):
    """Only a file named index.js is looked at."""
    loaded, said = node(FRAME + REQUIRES, printed("loaded"), file="main.js")
    assert loaded == NAMES
    assert said == ""


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ("archiver('zip')", []),
        ("exports.zip = archiver", ["archiver"]),
        ("Object.keys(archiver); archiver('zip')", ["archiver"]),
    ],
)
def test_archiver_is_required_when_it_is_called(node, tmp_path, uses, expected):
    """A file that only calls archiver loads it with the first call; any other loads it at once."""
    module = tmp_path / "with blank" / "lib" / "node_modules" / "archiver" / "index.js"
    module.parent.mkdir(parents=True)
    module.write_text(f'{LOADED}("archiver"); module.exports = (kind) => ({{ kind }});\n')
    text = f'const archiver = require("archiver");\nexports.run = () => {{ return {uses}; }};\n'
    script = "const before = globalThis.loaded ?? []; const made = lib.run();" + printed(
        "[before, loaded, made.kind ?? made.name]"
    )
    before, loaded, _ = node(text, script, file="fs.js")[0]
    assert before == expected
    assert loaded == ["archiver"]


@pytest.mark.parametrize(
    ("options", "end", "left"),
    [
        ("", "//# sourceMappingURL=data:application/json;base64,e30=", False),
        ("", "//# sourceMappingURL=data:application/json;base64,e30=\n", False),
        ("", "//# sourceMappingURL=data:e30=\nexports.more = 1;", True),
        ("", "//# sourceMappingURL=lib.js.map", True),
        ("--enable-source-maps", "//# sourceMappingURL=data:application/json;base64,e30=", True),
    ],
)
def test_an_inline_source_map_is_left_out(node, tmp_path, options, end, left):
    """It is taken off the end of a file, unless somebody has Node map its stack traces."""
    # Given a module preloaded before the hook, which sees what the hook passes on
    spy = tmp_path / "spy.cjs"
    spy.write_text(
        "const { prototype } = require('module'); const compile = prototype._compile;"
        "prototype._compile = function (text, name, ...rest) {"
        " if (name.endsWith('other.js')) globalThis.passedOn = text;"
        " return compile.call(this, text, name, ...rest); };"
    )
    preload = f"{options} --require={spy} {os.environ['NODE_OPTIONS']}"
    # When a file with that end is required
    text = f"exports.value = 1;\n{end}"
    script = printed("[lib.value, passedOn]")
    value, passed_on = node(text, script, file="other.js", NODE_OPTIONS=preload)[0]
    # Then it works as ever, with or without the end
    assert value == 1
    assert passed_on == (text if left else "exports.value = 1;\n")


def test_a_package_being_indexed_is_reported(node, tmp_path):
    """A worker with a package directory leaves the directory's real path in the report."""
    (tmp_path / "link").symlink_to(tmp_path)
    data = json.dumps({"workerData": {"packageDir": str(tmp_path / "link")}, "eval": True})
    starts = (
        "const { Worker } = require('worker_threads');"
        f"new Worker('', {data}); new Worker('', {{ eval: true }}); exports.done = 1;"
    )
    report = tmp_path / "report"
    node(starts, printed("lib.done"), FASTSYNTH_REPORT=str(report))
    assert report.read_text() == f"{tmp_path.resolve()}\n"


def test_nothing_is_reported_without_a_package(node, tmp_path):
    """A process without workers leaves no file."""
    report = tmp_path / "report"
    node(FRAME + REQUIRES, printed("1"), FASTSYNTH_REPORT=str(report))
    assert not report.exists()
