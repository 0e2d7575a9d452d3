import { afterEach, expect, test } from "vitest";
import {
  exitCodeOfSignal,
  heardBefore,
  Interrupted,
  listenForSignals,
  signalGroup,
  signalOfExitCode,
} from "../../src/system/signals.js";

let release = () => {};
afterEach(() => release());

test.each([
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)("%s becomes the reason of an abort, with its exit code", async (name, exitCode) => {
  const listening = listenForSignals();
  release = listening.release;
  const { signal } = listening;
  expect(signal.aborted).toBe(false);
  process.kill(process.pid, name);
  await expect.poll(() => signal.aborted).toBe(true);
  expect(signal.reason).toBeInstanceOf(Interrupted);
  expect(signal.reason).toMatchObject({ exitCode, message: `ended by ${name}` });
});

test("the first signal is the reason", async () => {
  const listening = listenForSignals();
  release = listening.release;
  process.kill(process.pid, "SIGINT");
  await expect.poll(() => listening.signal.aborted).toBe(true);
  process.emit("SIGTERM", "SIGTERM");
  expect(listening.signal.reason).toMatchObject({ exitCode: 130 });
});

test("release leaves no handler behind", () => {
  const handlers = () => ["SIGTERM", "SIGINT"].map((name) => process.listenerCount(name));
  const before = handlers();
  const listening = listenForSignals();
  expect(handlers()).toEqual(before.map((count) => count + 1));
  listening.release();
  expect(handlers()).toEqual(before);
});

test("exit codes and signals", () => {
  expect([1, 9, 15].map((number) => signalOfExitCode(128 + number))).toEqual([
    "SIGHUP",
    "SIGKILL",
    "SIGTERM",
  ]);
  expect([0, 1, 127, 128, 255].map(signalOfExitCode)).toEqual(Array(5).fill(undefined));
  expect(exitCodeOfSignal("SIGKILL")).toBe(137);
});

test("a group that is gone, or never was, gets no signal and is no error", () => {
  expect(signalGroup(undefined, "SIGTERM")).toBe(false);
  expect(signalGroup(2 ** 22 + 1, "SIGTERM")).toBe(false);
});

test.each([
  [
    "all of Node's handlers are there",
    "SigIgn:\t0000000001001000\nSigCgt:\t0000000100004602\n",
    undefined,
  ],
  ["that of SIGTERM has gone", "SigCgt:\t0000000100000602\n", "SIGTERM"],
  ["that of SIGINT has gone", "SigCgt:\t0000000100004600\n", "SIGINT"],
  ["nobody knows", "", undefined],
])("what came while Node began: %s", (_, status, name) => {
  expect(heardBefore(status)).toBe(name);
});
