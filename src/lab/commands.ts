import { existsSync } from "node:fs";
import { launch, untouchedEnvironment } from "../server/launch.js";
import { exitCode, Failure } from "../system/failure.js";
import type { Log } from "../system/log.js";
import { askStatus, giveOrder } from "./control.js";
import { down } from "./down.js";
import { eventsEnd, follow } from "./follow.js";
import type { LabSettings } from "./lab.js";
import { isLabDirectory, stopLeftovers } from "./leftovers.js";
import { readNetworkKind } from "./network/network.js";
import {
  callFor,
  type Lab,
  type LabCall,
  locateLab,
  readDurationFlag,
  readLabSettings,
  readReplicas,
  type WaitFlags,
} from "./options.js";
import { readContainer, readFaults, readMembers, readSides, readSignal } from "./order-words.js";
import type { Order } from "./orders.js";
import { controllerPaths, podName, podOrdinal, podPaths } from "./pod.js";
import { serve } from "./serve.js";
import { printEvents, printLog, showStatus } from "./show.js";
import { sqlArgv } from "./sql.js";
import type { LabStatus, MemberStatus } from "./status.js";
import { type UpPorts, up } from "./up.js";

export interface LabPorts extends UpPorts {
  readonly log: Log;
  /** Where directories go that nobody has chosen. */
  readonly tmp: string;
}

/** `galera-peers lab …` */
export async function runLab(call: LabCall, ports: LabPorts): Promise<void> {
  const lab = locateLab(call, ports.uid, ports.tmp);
  const { print, signal } = ports;
  switch (call.kind) {
    case "up": {
      const settings = readLabSettings(call, call.args);
      const timeoutMs = readDurationFlag("--timeout", call.timeout);
      return up(lab, { settings, timeoutMs }, ports);
    }
    case "serve":
      return serve(lab, JSON.parse(call.settings) as LabSettings, ports);
    case "reap":
      return stopLeftovers(lab, ports);
    case "ps":
      return showStatus(() => liveStatus(lab, ports), call, ports);
    case "kill": {
      const order = {
        kind: "kill",
        members: readMembers(call.members),
        signal: readSignal(call.signal),
        container: readContainer(call.container, "all"),
      } as const;
      const tell = ({ name, pid, agent }: MemberStatus) => {
        const whose = order.container === "agent" ? `its agent, pid ${agent?.pid}` : `pid ${pid}`;
        print(`${name} (${whose}): ${order.signal} sent`);
      };
      return change(lab, order, order.members, tell, call, ports);
    }
    case "delete": {
      const { disk, grace } = call;
      const order = {
        kind: "delete",
        members: readMembers(call.members),
        wipe: disk === true,
        ...(grace !== undefined && { graceMs: readDurationFlag("--grace", grace) }),
      } as const;
      const tell = ({ name }: MemberStatus) =>
        print(`${name}: to be deleted${disk ? " with its disk" : ""}`);
      return change(lab, order, order.members, tell, call, ports);
    }
    case "disk-loss":
    case "start":
    case "resume":
    case "stop":
    case "pause": {
      const { kind } = call;
      const order = { kind, members: readMembers(call.members) };
      const tell = ({ name }: MemberStatus) => print(`${name}: ${said[kind]}`);
      const waiting = "timeout" in call ? call : { timeout: "0" };
      return change(lab, order, order.members, tell, waiting, ports);
    }
    case "outage": {
      const everybody = (await liveStatus(lab, ports)).members.map(({ name }) => name);
      const tell = ({ name }: MemberStatus) => print(`${name}: killed`);
      return change(lab, { kind: "outage" }, readMembers(everybody), tell, call, ports);
    }
    case "scale": {
      const replicas = readReplicas("scale", call.replicas, 0);
      return scale(lab, replicas, call, ports);
    }
    case "partition": {
      const sides = readSides(call.sides);
      const isHealing = call.heal ?? false;
      if (isHealing === sides.length > 0) throw new Failure(exitCode.usage, partitionUsage);
      const order: Order = call.heal
        ? { kind: "heal" }
        : { kind: "partition", sides, node: call.node === true };
      await give(lab, order, ports);
      const { partition } = await liveStatus(lab, ports);
      return print(partition === null ? "the network is whole" : `cut off: ${partition}`);
    }
    case "dns": {
      await give(lab, { kind: "dns", faults: readFaults(call.faults) }, ports);
      return print(`DNS: ${(await liveStatus(lab, ports)).faults}`);
    }
    case "sql": {
      const { socket } = existing(lab, call.member);
      const argv = sqlArgv(socket, call.statement, call.args);
      const env = untouchedEnvironment(ports.env);
      return launch({ argv, env, search: env, softLimit: undefined }, () => {});
    }
    case "logs": {
      refuseMissing(lab);
      const container = readContainer(call.container);
      const { member } = call;
      const paths = member === undefined ? undefined : existing(lab, member);
      const own = paths === undefined ? controllerPaths(lab).log : paths.log;
      return printLog(paths && container === "agent" ? paths.agentLog : own, call, ports);
    }
    case "events":
      refuseMissing(lab);
      return printEvents(lab, call, { ...ports, signal });
    case "experiment": {
      const own = { name: "experiment", ...call };
      const network = readNetworkKind(call.network);
      const { runExperiment } = await import("./experiment/run.js");
      const place = { lab: locateLab(own, ports.uid, ports.tmp), network };
      return runExperiment(call, place, ports);
    }
    case "down":
      return down(lab, ports);
    default:
      return call satisfies never;
  }
}

const partitionUsage =
  "say who is cut off, as in lab partition galera-0 or lab partition galera-0,galera-1 galera-2, or --heal";

const said = {
  "disk-loss": "killed, and its disk is lost",
  start: "may run again",
  resume: "goes on",
  stop: "to be deleted, and not made anew",
  pause: "stands still",
} as const;

/** Gives an order, tells whom it concerns, and waits, if that was asked for, until all are ready. */
async function change(
  lab: Lab,
  order: Order,
  ordinals: readonly number[],
  tell: (member: MemberStatus) => void,
  flags: WaitFlags,
  ports: LabPorts,
): Promise<void> {
  const timeoutMs = readDurationFlag("--timeout", flags.timeout);
  const fromBytes = eventsEnd(lab);
  const startMs = ports.clock.now();
  const before = await give(lab, order, ports);
  const names = ordinals.map(podName);
  const concerned = before.members.filter(({ name }) => names.includes(name));
  for (const member of concerned) tell(member);
  if (!flags.wait) return;
  const reached = ({ members, ready }: LabStatus) =>
    concerned.every((old) =>
      members.some(
        (now) =>
          now.name === old.name && now.ready && ready.includes(now.name) && isBack(old, now, order),
      ),
    );
  await follow(lab, reached, { startMs, timeoutMs, fromBytes, before }, ports);
}

/** By another process than before where the order has ended that one. */
function isBack(before: MemberStatus, now: MemberStatus, order: Order): boolean {
  if (order.kind === "start" || order.kind === "resume") return true;
  if (order.kind === "kill" && order.container === "agent")
    return now.agent?.pid !== before.agent?.pid;
  return now.pid !== before.pid;
}

async function scale(lab: Lab, replicas: number, flags: WaitFlags, ports: LabPorts): Promise<void> {
  const timeoutMs = readDurationFlag("--timeout", flags.timeout);
  const fromBytes = eventsEnd(lab);
  const startMs = ports.clock.now();
  const before = await give(lab, { kind: "scale", replicas }, ports);
  ports.print(`from ${before.replicas} to ${replicas} replicas`);
  if (!flags.wait) return;
  const reached = ({ members, ready }: LabStatus) =>
    members.length === replicas && members.every(({ name }) => ready.includes(name));
  await follow(lab, reached, { startMs, timeoutMs, fromBytes, before }, ports);
}

/** The lab's status before. */
async function give(lab: Lab, order: Order, { signal }: LabPorts): Promise<LabStatus> {
  return (await giveOrder(controllerPaths(lab).socket, order, signal)) ?? notUp(lab);
}

async function liveStatus(lab: Lab, { signal }: LabPorts): Promise<LabStatus> {
  return (await askStatus(controllerPaths(lab).socket, signal)) ?? notUp(lab);
}

function existing(lab: Lab, member: string) {
  refuseMissing(lab);
  const paths = podPaths(lab, member);
  if (podOrdinal(member) !== undefined && existsSync(paths.dir)) return paths;
  throw new Failure(
    exitCode.usage,
    `no member ${member} in ${lab.dir} (see ${callFor(lab, "ps")})`,
  );
}

function refuseMissing(lab: Lab): void {
  if (!existsSync(lab.dir)) notUp(lab);
}

function notUp(lab: Lab): never {
  const { dir } = lab;
  const problem =
    existsSync(dir) && isLabDirectory(lab)
      ? `the controller of the lab in ${dir} has ended: ${callFor(lab, "down")} clears up`
      : `no lab in ${dir}: ${callFor(lab, "up")} starts one`;
  throw new Failure(exitCode.unavailable, problem);
}
