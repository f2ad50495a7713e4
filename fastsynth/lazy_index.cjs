// Requires the parts of a large generated index.js when they are used.
//
// The index of a provider's bindings is one `exports.x = require("./x");` line for each of the
// provider's resources, or `exports.x = __importStar(require("./x/index"));` from newer compilers.
// A file that holds nothing else gets getters instead; any other file is compiled as it is.
// Preloaded by fastsynth/lazy_index.py with `node --require`.
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");

const MINIMUM_REQUIRES = 20;
const REQUIRE =
  /^exports\.([A-Za-z_$][\w$]*) = (?:require\("(\.\/[^"\\]+)"\)|__importStar\(require\("(\.\/[^"\\]+)"\)\));$/;
// What TypeScript writes around those lines; `exports.a = exports.b = void 0` fixes their order.
const FRAME = new RegExp(
  [
    '^"use strict";$',
    '^Object\\.defineProperty\\(exports, "__esModule", \\{ value: true \\}\\);$',
    "^(exports\\.[A-Za-z_$][\\w$]* = )+void 0;$",
    "^//.*$",
    "^$",
  ].join("|"),
);

// A helper function that TypeScript puts on top, such as __importStar, which only defines.
const HELPER_START = /^var __(\w+) = \(this && this\.__\1\) \|\| \(/;
const HELPER_BODY = /^(\s.*|\}.*\{|\}\)*(\(\)\)?)?;)$/;
const HELPER_END = /^\}\)*(\(\)\)?)?;$/;

/** Splits a whole index file into [name, path, whether __importStar wraps it] and the lines to keep; null: leave it. */
function parse(content, filename) {
  const kept = [];
  const pairs = [];
  let other = null;
  let comment = false;
  let helper = false;
  for (const raw of content.split("\n")) {
    const line = raw.trimEnd();
    const match = REQUIRE.exec(line);
    if (helper ? HELPER_BODY.test(line) : HELPER_START.test(line)) {
      helper = !HELPER_END.test(line);
      kept.push(raw);
    } else if (comment || line.startsWith("/*")) {
      const end = line.indexOf("*/");
      comment = end < 0;
      if (end >= 0 && line.slice(end + 2).trim() !== "") other ??= line;
      kept.push(raw);
    } else if (match !== null) {
      pairs.push([match[1], match[2] ?? match[3], match[2] === undefined]);
      kept.push("");
    } else {
      helper = false;
      if (!FRAME.test(line)) other ??= line;
      kept.push(raw);
    }
  }
  if (pairs.length < MINIMUM_REQUIRES) return null;
  if (other !== null) {
    say(`${filename} loads whole, it holds '${other.slice(0, 60)}' among the requires`);
    return null;
  }
  return { kept, pairs };
}

// cdktf requires the 60 modules of archiver, and starts a process of its own to use them.
const ARCHIVER = /^const archiver = require\("archiver"\);$/m;

/** Requires archiver when it is called, in a file that does nothing else with it. */
function deferArchiver(content) {
  const uses = content.replace(ARCHIVER, "").replace(/\barchiver\(/g, "");
  const only = ARCHIVER.test(content) && !/\barchiver\b/.test(uses);
  return only
    ? content.replace(ARCHIVER, 'const archiver = (...args) => require("archiver")(...args);')
    : content;
}

// A map of the sources, which is larger than the code itself, is read by debuggers alone.
const SOURCE_MAP = "\n//# sourceMappingURL=data:";

/** Takes an inline source map off the end of a file, unless stack traces are to be mapped. */
function withoutSourceMap(content) {
  const at = content.lastIndexOf(SOURCE_MAP);
  const last = at >= 0 && !content.slice(at + 1).trimEnd().includes("\n");
  return last && !process.sourceMapsEnabled ? content.slice(0, at + 1) : content;
}

/** Runs inside the index: defines a getter for each part, which its value replaces at once. */
function define(exports, require, importStar, pairs) {
  for (const [name, request, star] of pairs) {
    const settle = (value) =>
      Object.defineProperty(exports, name, {
        value, configurable: true, enumerable: true, writable: true,
      });
    Object.defineProperty(exports, name, {
      configurable: true,
      enumerable: true,
      get() {
        const value = star ? importStar(require(request)) : require(request);
        settle(value);
        return value;
      },
      set: settle,
    });
  }
}

function say(message) {
  process.stderr.write(`fastsynth: ${message}\n`);
}

// jsii's kernel indexes a package's types in a worker that dies with the kernel. Whoever started
// the kernel learns here which packages are being indexed (fastsynth/type_index.py).
let report = process.env.FASTSYNTH_REPORT;

/** Lists the package directories that workers are started for from now on. */
function watchWorkers(target) {
  const threads = require("node:worker_threads");
  threads.Worker = class extends threads.Worker {
    constructor(file, options) {
      super(file, options);
      const directory = options?.workerData?.packageDir;
      if (typeof directory === "string") {
        fs.appendFileSync(target, `${fs.realpathSync(directory)}\n`, { mode: 0o600 });
      }
    }
  };
}

const compile = Module.prototype._compile;
if (typeof compile === "function") {
  Module.prototype._compile = function (content, filename, ...rest) {
    let text = content;
    if (typeof content === "string") {
      // Not at the start: most processes have no workers, and their module takes its time.
      if (report && content.includes("worker_threads")) {
        watchWorkers(report);
        report = undefined;
      }
      text = withoutSourceMap(content);
      const index = path.basename(filename) === "index.js" ? parse(text, filename) : null;
      if (index !== null) {
        // One line more at the end, so that every other line keeps its number.
        const star = "typeof __importStar === 'undefined' ? undefined : __importStar";
        const call = `(${define})(exports, require, ${star}, ${JSON.stringify(index.pairs)});`;
        text = `${index.kept.join("\n")}\n${call.replaceAll("\n", " ")}\n`;
      } else if (path.basename(filename) === "fs.js") {
        text = deferArchiver(text);
      }
    }
    return compile.call(this, text, filename, ...rest);
  };
} else {
  say("the provider's Node side loads whole, this Node compiles modules in another way");
}
