#!/usr/bin/env node
/*
 * The npm build of solc (WebAssembly) behind solc's own command line, so that Brownie, Forge and voltberg can
 * run it as if it were the native program: `--version`, and `--standard-json` from standard input or a file.
 *
 * Brownie passes only the sources it knows; everything else (interfaces, files with types only, packages) the
 * compiler asks for by name. The import callback therefore reads the disk, but only below the base path, the
 * include paths and the allowed paths, as the native compiler does.
 */
"use strict";

const fs = require("fs");
const path = require("path");

const USAGE = "usage: solc --version | --standard-json [FILE] [--base-path DIR] [--include-path DIR] [--allow-paths DIR,DIR]\n";
const WITH_VALUE = new Set(["--base-path", "--include-path", "--allow-paths"]);
const IGNORED = new Set(["--no-color", "--color", "-"]);

function fail(message) {
  process.stderr.write(`Error: ${message}\n${USAGE}`);
  process.exit(1);
}

function parse(argv) {
  const options = { version: false, standardJson: false, file: null, base: process.cwd(), include: [], allow: [] };
  for (let i = 0; i < argv.length; i += 1) {
    let [flag, value] = argv[i].split(/=(.*)/s, 2);
    if (WITH_VALUE.has(flag)) {
      if (value === undefined) {
        i += 1;
        value = argv[i];
      }
      if (value === undefined) fail(`${flag} needs a value`);
      if (flag === "--base-path") options.base = path.resolve(value || ".");
      else if (flag === "--include-path") options.include.push(path.resolve(value));
      else options.allow.push(...value.split(",").filter(Boolean).map((folder) => path.resolve(folder)));
    } else if (flag === "--version") options.version = true;
    else if (flag === "--standard-json") options.standardJson = true;
    else if (IGNORED.has(flag)) continue;
    else if (!flag.startsWith("-") && options.standardJson && options.file === null) options.file = argv[i];
    else fail(`unrecognised option '${argv[i]}'`);
  }
  return options;
}

function real(name) {
  try {
    return fs.realpathSync(name);
  } catch (_missing) {
    return null;
  }
}

function makeImporter(options) {
  const roots = [options.base, ...options.include, ...options.allow];
  const allowed = roots.map(real).filter(Boolean);
  return function findImports(name) {
    const candidates = path.isAbsolute(name) ? [name] : roots.map((root) => path.join(root, name));
    for (const candidate of candidates) {
      const found = real(candidate);
      if (found === null || !fs.statSync(found).isFile()) continue;
      if (!allowed.some((root) => found === root || found.startsWith(root + path.sep))) {
        return { error: `File outside of allowed directories: ${name}` };
      }
      return { contents: fs.readFileSync(found, "utf8") };
    }
    return { error: `File not found: ${name}; searched ${roots.join(", ")}` };
  };
}

function main() {
  const options = parse(process.argv.slice(2));
  if (!options.version && !options.standardJson) fail("nothing to do");
  let solc;
  try {
    solc = require("solc");
  } catch (error) {
    fail(`the npm package solc is not installed (run npm ci): ${error.message}`);
  }
  if (options.version) {
    process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
    return;
  }
  const input = fs.readFileSync(options.file === null ? 0 : options.file, "utf8");
  process.stdout.write(`${solc.compile(input, { import: makeImporter(options) })}\n`);
}

main();
