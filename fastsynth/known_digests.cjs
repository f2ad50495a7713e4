// Remembers the digests of the bindings' archives.
//
// jsii finds what it has unpacked by the digest of the archive, which it reads and hashes in every
// run: 37 MB for AWS. Here a digest is taken from an earlier run as long as the archive is the same
// file with the same size and the same times of change; the time of the last change of its inode
// cannot be set by anybody. Whatever goes wrong, jsii's own function answers as ever.
// Preloaded by fastsynth/direct_kernel.py with `node --require`.
"use strict";

const crypto = require("node:crypto");
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");

const DIGEST =
  /(\bdigestFile=function digestFile\(([\w$]+),\.\.\.([\w$]+)\)\{return )(readFileChunks\(\2,\(\)=>\{\},\.\.\.\3\))\}/;
const KNOWN = "fastsynthKnownDigest";
const CHECKSUM_BYTES = 32;
const FOLDER = path.join(
  process.env.JSII_RUNTIME_PACKAGE_CACHE_ROOT || path.join(os.homedir(), ".cache"),
  "fastsynth",
);

/** Gives what tells one state of a file from every other. */
function identity(file) {
  const { dev, ino, size, mtimeNs, ctimeNs } = fs.statSync(file, { bigint: true });
  return [fs.realpathSync(file), dev, ino, size, mtimeNs, ctimeNs].join("\n");
}

function sha256(data) {
  return crypto.createHash("sha256").update(data).digest();
}

/** Gives the digest of a file, which `digest` computes unless it is known. */
function known(program, file, comments, digest) {
  let place;
  let before;
  try {
    before = identity(file);
    const key = JSON.stringify([program, before, comments]);
    place = path.join(FOLDER, sha256(key).toString("hex"));
    const stored = fs.readFileSync(place);
    const found = stored.subarray(CHECKSUM_BYTES);
    // What a machine that lost its power has left is not believed.
    if (!sha256(found).equals(stored.subarray(0, CHECKSUM_BYTES))) throw new Error(place);
    return found;
  } catch {
    const found = digest();
    try {
      // A file that changes while it is read has a digest of no state.
      if (place !== undefined && identity(file) === before) remember(place, found);
    } catch {
      // A folder that cannot be written makes the next run slower, and nothing else.
    }
    return found;
  }
}

/** Writes a digest in one step, for processes that start at the same time. */
function remember(place, digest) {
  fs.mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  const own = `${place}.${process.pid}`;
  fs.writeFileSync(own, Buffer.concat([sha256(digest), digest]), { mode: 0o600 });
  fs.renameSync(own, place);
}

const compile = Module.prototype._compile;
Module.prototype._compile = function (content, filename, ...rest) {
  let text = content;
  if (typeof content === "string" && path.basename(filename) === "program.js" && DIGEST.test(content)) {
    // Another version of jsii may make its digests in another way.
    const program = sha256(content).toString("hex");
    globalThis[KNOWN] = known.bind(undefined, program);
    text = content.replace(DIGEST, `$1globalThis.${KNOWN}($2,$3,()=>$4)}`);
  }
  return compile.call(this, text, filename, ...rest);
};
