/*
 * The words of an order: signals, containers, members and DNS faults as they are typed.
 */
import { constants } from "node:os";
import { exitCode, Failure, messageOf } from "../system/failure.js";
import { type Faults, isFaultName, readFault } from "./fake-dns/faults.js";
import type { Ordinals } from "./orders.js";
import { type ContainerName, containerNames, podName, podOrdinal } from "./pod.js";

/** `KILL`, `SIGKILL`, `kill` or `9`. */
export function readSignal(text: string): NodeJS.Signals {
  const wanted = text.toUpperCase().replace(/^(?!SIG)/, "SIG");
  for (const [name, number] of Object.entries(constants.signals)) {
    if (name === wanted || String(number) === text) return name as NodeJS.Signals;
  }
  throw new Failure(exitCode.config, `--signal: ${JSON.stringify(text)} is no signal's name`);
}

export function readContainer(text: string): ContainerName;
export function readContainer(text: string, all: "all"): ContainerName | "all";
export function readContainer(text: string, all?: "all"): ContainerName | "all" {
  const names = [...containerNames, ...(all === undefined ? [] : [all])];
  const name = names.find((one) => one === text);
  if (name !== undefined) return name;
  throw new Failure(
    exitCode.config,
    `--container: ${JSON.stringify(text)} is none of ${names.join(", ")}`,
  );
}

/**
 * Members' names as ordinals, each once.
 *
 * @throws Failure 64 for what is no member's name
 */
export function readMembers(names: readonly string[]): Ordinals {
  const ordinals = names.map((name) => {
    const ordinal = podOrdinal(name);
    if (ordinal !== undefined) return ordinal;
    throw new Failure(exitCode.usage, `no member ${name}: they are called ${podName(0)} and so on`);
  });
  return [...new Set(ordinals)];
}

/** `galera-0,galera-1 galera-2`: the sides of a partition. */
export function readSides(texts: readonly string[]): readonly Ordinals[] {
  const sides = texts.map((text) => readMembers(text.split(",")));
  const all = sides.flat();
  const twice = all.find((ordinal, index) => all.indexOf(ordinal) !== index);
  if (twice === undefined) return sides;
  throw new Failure(exitCode.usage, `${podName(twice)} cannot be on two sides`);
}

/** `drop=0.5 stale`, or `none`. */
export function readFaults(texts: readonly string[]): Partial<Faults> {
  if (texts.length === 1 && texts[0] === "none") return {};
  return Object.assign({}, ...texts.map(readOne));
}

function readOne(text: string): Partial<Faults> {
  const [name = "", ...values] = text.split("=");
  try {
    if (!isFaultName(name)) throw new Error("is no fault (see galera-peers fake-dns --help)");
    return readFault(name, values.length === 0 ? true : values.join("="));
  } catch (error) {
    throw new Failure(exitCode.config, `${text}: ${messageOf(error)}`);
  }
}
