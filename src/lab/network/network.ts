/*
 * Where the pods of a lab are: on loopback addresses, which every user has, or each in a network
 * namespace of its own, which can be cut off from the others and takes root to make.
 */
import { exitCode, Failure } from "../../system/failure.js";

/** The network of one pod. */
export interface Sandbox {
  /** What a command has in front to be in it. */
  readonly inside: readonly string[];
  /** Packets to these addresses, and no others, vanish. */
  block(addresses: readonly string[]): Promise<void>;
  /** Nothing of the pod runs any more. */
  release(): Promise<void>;
}

export interface Network {
  readonly kind: "loopback" | "namespaces";
  /** Why members cannot be cut off; undefined where they can. */
  readonly noPartitions: string | undefined;
  readonly block: number;
  /** Of this machine: where DNS and the clients' endpoint listen. */
  readonly host: string;
  /** @param number from 1 to `mostAddresses` */
  address(number: number): string;
  attach(pod: string, address: string): Promise<Sandbox>;
  close(): Promise<void>;
}

/** What lies behind the pods' addresses is for this machine. */
export const mostAddresses = 250;

/** A network that cannot be cut. */
export function loopback(block: number, host: string, noPartitions: string): Network {
  return {
    ...{ kind: "loopback", noPartitions, block, host },
    address: (number) => `127.0.${block}.${number}`,
    attach: async () => ({ inside: [], block: async () => {}, release: async () => {} }),
    close: async () => {},
  };
}

const networkKinds = ["auto", "loopback", "namespaces"] as const;
export type NetworkKind = (typeof networkKinds)[number];

/** @throws Failure 78 for another word */
export function readNetworkKind(text: string): NetworkKind {
  const kind = networkKinds.find((one) => one === text);
  if (kind !== undefined) return kind;
  throw new Failure(
    exitCode.config,
    `--network: ${JSON.stringify(text)} is none of ${networkKinds.join(", ")}`,
  );
}
