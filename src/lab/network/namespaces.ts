/*
 * A network for pods by network namespaces: a bridge in a namespace of its own, where no firewall of
 * this machine has rules, with a link to each pod and one to this machine. Each namespace is there for
 * as long as a process that sleeps in it, so nothing of it outlives the lab's processes, however they
 * end.
 *
 * This machine has two addresses there. That of the services (DNS, the clients' endpoint) can be cut
 * off from a pod, and the first one, which connections have otherwise, cannot: the kubelet's probes go
 * on, since a kubelet is on its pod's own node.
 */
import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { Clock } from "../../system/clock.js";
import { startInBackground } from "../background.js";
import type { Lab } from "../options.js";
import { containerMark, markOf } from "../pod.js";
import { endAll } from "../processes.js";
import type { Network, Sandbox } from "./network.js";

export interface NamespacePorts {
  readonly clock: Clock;
  readonly uid: number;
  /** Where the programs are. */
  readonly path: string;
  /** The controller's log. */
  readonly output: string;
}

/** For benchmarks of networks (RFC 2544), so neither the Internet nor many offices have it. */
const prefix = (block: number) => `198.18.${block}`;
const firstBlock = 7;
const lastBlock = 254;
/** A link's name has at most 15 characters. */
const linkName = (block: number) => `gplab${block}`;
/** Of nobody: frames to it reach no one. */
const nobody = "02:00:00:00:00:01";

/** @returns why there can be none, where that is so */
export async function openNamespaces(lab: Lab, ports: NamespacePorts): Promise<Network | string> {
  if (ports.uid !== 0) return "network namespaces need root";
  try {
    return await open(lab, ports);
  } catch (error) {
    await endAll([join(lab.dir, "network")], ports.clock);
    const said = (error as { stderr?: string }).stderr || (error as Error).message;
    return `network namespaces cannot be made here: ${said.split("\n", 1)}`;
  }
}

async function open(lab: Lab, ports: NamespacePorts): Promise<Network> {
  const { clock, path } = ports;
  const ip = ipFrom(path);
  const mark = (name: string) => markOf(lab, "network", name);
  const hold = (name: string) => holdNamespace(mark(name), ports);
  const bridge = await hold("bridge");
  const block = await link(bridge, ip);
  const own = prefix(block);
  const host = `${own}.254`;
  await ip(
    [],
    [
      `address add ${own}.253/24 dev ${linkName(block)}`,
      `address add ${host}/24 dev ${linkName(block)}`,
      `link set ${linkName(block)} up`,
    ],
  );
  let plugs = 0;

  const attach = async (pod: string, address: string): Promise<Sandbox> => {
    plugs += 1;
    const plug = `pod${plugs}`;
    const name = `${pod}.${plugs}`;
    const pid = await hold(name);
    const inside = enter(pid);
    await ip(inside, [`link add eth0 type veth peer name ${plug} netns ${bridge}`]);
    await Promise.all([
      ip(inside, ["link set lo up", `address add ${address}/24 dev eth0`, "link set eth0 up"]),
      ip(enter(bridge), [`link set ${plug} master bridge0 up`]),
    ]);
    let blocked: readonly string[] = [];
    let last = Promise.resolve();
    const change = async (addresses: readonly string[]) => {
      const healed = blocked.filter((one) => !addresses.includes(one));
      const cut = addresses.filter((one) => !blocked.includes(one));
      if (healed.length + cut.length === 0) return;
      await ip(inside, [
        ...healed.map((one) => `neigh del ${one} dev eth0`),
        ...cut.map((one) => `neigh replace ${one} lladdr ${nobody} dev eth0 nud permanent`),
      ]);
      blocked = addresses;
    };
    return {
      inside,
      // One after the other: a heal is not to overtake its cut.
      block: (addresses) => {
        last = last.catch(() => {}).then(() => change(addresses));
        return last;
      },
      release: () => endAll([mark(name)], clock),
    };
  };

  return {
    ...{ kind: "namespaces", noPartitions: undefined, block, host, attach },
    address: (number) => `${own}.${number}`,
    close: () => endAll([join(lab.dir, "network")], clock),
  };
}

/** A namespace, by the process that sleeps in it. */
async function holdNamespace(
  mark: string,
  { clock, path, output }: NamespacePorts,
): Promise<number> {
  const env = { PATH: path, [containerMark]: mark };
  const { pid, ended } = startInBackground(["unshare", "--net", "sleep", "infinity"], env, output);
  let end: string | undefined;
  void ended.then((how) => {
    end = how;
  });
  const mine = namespaceOf("self");
  for (;;) {
    if (end !== undefined) throw new Error(`unshare --net: ${end} (lab logs has its words)`);
    const its = namespaceOf(pid);
    if (its !== undefined && its !== mine) return pid;
    await clock.sleep(5);
  }
}

function namespaceOf(pid: number | "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/** Connects the bridge to this machine; whoever makes a block's link has the block. */
async function link(bridge: number, ip: Ip): Promise<number> {
  for (let block = firstBlock; ; block += 1) {
    try {
      await ip([], [`link add ${linkName(block)} type veth peer name host netns ${bridge}`]);
    } catch (error) {
      const isTaken = /File exists/.test((error as { stderr?: string }).stderr ?? "");
      if (isTaken && block < lastBlock) continue;
      throw error;
    }
    await ip(enter(bridge), [
      "link add name bridge0 type bridge",
      "link set bridge0 up",
      "link set host master bridge0 up",
    ]);
    return block;
  }
}

const enter = (pid: number) => ["nsenter", `--net=/proc/${pid}/ns/net`, "--"];

type Ip = (inside: readonly string[], lines: readonly string[]) => Promise<void>;

/** Runs lines of ip(8); throws with what it said. */
function ipFrom(path: string): Ip {
  return async (inside, lines) => {
    const [file = "", ...args] = [...inside, "ip", "-batch", "-"];
    await execa(file, args, { input: `${lines.join("\n")}\n`, env: { PATH: path } });
  };
}
