"use strict";
// Loaded into Ganache with `node --require`. Ganache keeps no revert data of mined transactions, and its
// debug_traceTransaction runs a block again from its start for every failed one. Its EVM does announce the end of
// each message to listeners, so this listens: one line a transaction or call on standard output, read by ganache.py.
//   \u0001=        succeeded        \u0001r<hex>   reverted, with its data        \u0001h   halted (out of gas, invalid opcode)
// Written synchronously, so the lines of a block are there before the answer to evm_mine is.
const { EventEmitter } = require("events");
const fs = require("fs");

const STANDARD_OUTPUT = 1;
const observed = new WeakSet();
const addListener = EventEmitter.prototype.on;

function describe(result) {
  const error = result.execResult.exceptionError;
  if (!error) return "=";
  if (error.error !== "revert") return "h";
  return "r" + Buffer.from(result.execResult.returnValue || []).toString("hex");
}

function observe(evmEvents) {
  let depth = 0;
  addListener.call(evmEvents, "beforeMessage", (message) => {
    depth = message.depth === 0 ? 1 : depth + 1;
  });
  addListener.call(evmEvents, "afterMessage", (result) => {
    depth -= 1;
    if (depth === 0) fs.writeSync(STANDARD_OUTPUT, "\u0001" + describe(result) + "\n");
  });
}

EventEmitter.prototype.on = function on(type, listener) {
  // Ganache listens to the steps of every EVM it makes, and nothing else in it has an event of that name.
  if (type === "step" && !observed.has(this)) {
    observed.add(this);
    observe(this);
  }
  return addListener.call(this, type, listener);
};
