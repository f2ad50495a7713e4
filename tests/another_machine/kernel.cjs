// Moves Node's clock and writes down what the jsii kernel finds around itself.
//
// TEST_DAYS_AHEAD says how far, TEST_WITNESSES names the folder to write to. Preloaded with
// `node --require`; only the process that has run cdktf's code writes.
"use strict";

const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");

const ahead = Number(process.env.TEST_DAYS_AHEAD) * 86_400_000;

if (ahead) {
  const now = Date.now;
  Date.now = () => now() + ahead;
  globalThis.Date = new Proxy(Date, {
    construct: (target, values, self) =>
      Reflect.construct(target, values.length ? values : [target.now()], self),
    apply: () => new globalThis.Date().toString(),
  });
  Date.prototype.constructor = globalThis.Date;
}

process.on("exit", () => {
  const app = path.join("lib", "app.js");
  if (!Object.keys(Module._cache).some((name) => name.endsWith(app))) return;
  const witness = {
    clocks: [Date.now(), new Date().getTime(), Date.parse(Date())].map((each) => each / 1000),
    facts: {
      uid: process.getuid(),
      user: os.userInfo().username,
      home: os.homedir(),
      folder: process.cwd(),
      "time zone": Intl.DateTimeFormat().resolvedOptions().timeZone,
    },
  };
  fs.writeFileSync(path.join(process.env.TEST_WITNESSES, "node.json"), JSON.stringify(witness));
});
