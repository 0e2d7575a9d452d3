import { existsSync, readFileSync } from "node:fs";
import { launch, untouchedEnvironment } from "../server/launch.js";
import { exitCode, Failure } from "../system/failure.js";
import type { Log } from "../system/log.js";
import { askMember, askStatus } from "./control.js";
import { down } from "./down.js";
import { follow } from "./follow.js";
import { isLabDirectory, stopLeftovers } from "./leftovers.js";
import {
  type Lab,
  type LabCall,
  locateLab,
  readReplicas,
  readSignal,
  readTimeout,
} from "./options.js";
import { controllerPaths, podOrdinal, podPaths } from "./pod.js";
import { serve } from "./serve.js";
import { sqlArgv } from "./sql.js";
import { formatMembers, type LabStatus, type MemberStatus } from "./status.js";
import { type UpPorts, up } from "./up.js";

export interface LabPorts extends UpPorts {
  readonly log: Log;
  /** Where directories go that nobody has chosen. */
  readonly tmp: string;
}

/** `galera-peers lab …` */
export async function runLab(call: LabCall, ports: LabPorts): Promise<void> {
  const lab = locateLab(call, ports.uid, ports.tmp);
  switch (call.kind) {
    case "up": {
      const { args } = call;
      const name = call.name === undefined ? "" : ` --name ${call.name}`;
      const flags = call.dir === undefined ? name : `${name} --dir ${lab.dir}`;
      const replicas = readReplicas(call.replicas);
      return up(lab, { replicas, timeoutMs: readTimeout(call.timeout), args, flags }, ports);
    }
    case "serve":
      return serve(lab, readReplicas(call.replicas), call.args, ports);
    case "reap":
      return stopLeftovers(lab, ports);
    case "ps": {
      const status = await liveStatus(lab, ports);
      const text = call.json ? JSON.stringify(status, undefined, 2) : formatMembers(status.members);
      return ports.print(text);
    }
    case "kill": {
      const signal = readSignal(call.signal);
      const before = await ask(lab, `/${call.member}/kill?signal=${signal}`, ports);
      ports.print(`${before.name} (pid ${before.pid}): ${signal} sent`);
      return call.wait && replaced(lab, before, call.timeout, ports);
    }
    case "delete": {
      const before = await ask(lab, `/${call.member}/delete?disk=${call.disk === true}`, ports);
      ports.print(`${before.name}: to be deleted${call.disk ? " with its disk" : ""}`);
      return call.wait && replaced(lab, before, call.timeout, ports);
    }
    case "sql": {
      const { socket } = existing(lab, call.member);
      const argv = sqlArgv(socket, call.statement, call.args);
      const env = untouchedEnvironment(ports.env);
      return launch({ argv, env, search: env, softLimit: undefined }, () => {});
    }
    case "logs": {
      const { log } = call.member === undefined ? controllerPaths(lab) : existing(lab, call.member);
      refuseMissing(lab);
      return ports.print(readFileSync(log, "utf8").trimEnd());
    }
    case "down":
      return down(lab, ports);
    default:
      return call satisfies never;
  }
}

/** Waits until a member is ready again, by another process than before. */
async function replaced(
  lab: Lab,
  before: MemberStatus,
  timeout: string,
  ports: LabPorts,
): Promise<void> {
  const limits = { startMs: ports.clock.now(), timeoutMs: readTimeout(timeout) };
  const seen = await liveStatus(lab, ports);
  const known = {
    ...seen,
    members: seen.members.map((one) => (one.name === before.name ? before : one)),
  };
  const isReplaced = ({ members }: LabStatus) =>
    members.some(({ name, ready, pid }) => name === before.name && ready && pid !== before.pid);
  await follow(lab, known, isReplaced, limits, ports);
}

async function ask(lab: Lab, path: string, { signal }: LabPorts): Promise<MemberStatus> {
  const answer = await askMember(controllerPaths(lab).socket, path, signal);
  return answer ?? notUp(lab);
}

async function liveStatus(lab: Lab, { signal }: LabPorts): Promise<LabStatus> {
  return (await askStatus(controllerPaths(lab).socket, signal)) ?? notUp(lab);
}

function existing(lab: Lab, member: string) {
  refuseMissing(lab);
  const paths = podPaths(lab, member);
  if (podOrdinal(member) !== undefined && existsSync(paths.dir)) return paths;
  throw new Failure(exitCode.usage, `no member ${member} in ${lab.dir} (see galera-peers lab ps)`);
}

function refuseMissing(lab: Lab): void {
  if (!existsSync(lab.dir)) notUp(lab);
}

function notUp(lab: Lab): never {
  const problem =
    existsSync(lab.dir) && isLabDirectory(lab)
      ? `the controller of the lab in ${lab.dir} has ended: galera-peers lab down clears up`
      : `no lab in ${lab.dir}: galera-peers lab up starts one`;
  throw new Failure(exitCode.unavailable, problem);
}
