/** The container engine: docker or podman, as scripts/image chose it, and the image that it made. */
import { spawn } from "node:child_process";
import { execa } from "execa";

export function given(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set: these tests run by scripts/image test`);
  return value;
}

export const engine = given("ENGINE");
export const image = given("IMAGE");
/** The names of containers, networks and volumes begin with it; scripts/image removes them by it. */
export const prefix = given("TEST_RUN");
/** A directory for the volumes of containers; scripts/image removes it. */
export const directory = given("TEST_DIRECTORY");

const isPodman = engine === "podman";

/** Of files and processes, so that a limit that we would change is seen. */
const limits = ["--ulimit", "nofile=4096:8192", "--ulimit", "nproc=8192:8192"];

/** What one of its commands prints on standard output. */
export async function ask(...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(engine, args, { stdin: "ignore" });
  return stdout;
}

export interface Asked {
  readonly exitCode: number | undefined;
  /** Both outputs. */
  readonly said: string;
}

/** As `ask`, of a command that may fail, or take longer than it may. */
export async function attempt(args: readonly string[], timeoutMs = 60_000): Promise<Asked> {
  const options = { stdin: "ignore", all: true, reject: false, timeout: timeoutMs } as const;
  const { exitCode, all } = await execa(engine, args, options);
  return { exitCode, said: all };
}

export interface ContainerOptions {
  readonly name: string;
  readonly options: readonly string[];
  /** After the image. */
  readonly args?: readonly string[];
}

export type Container = ReturnType<typeof startContainer>;

/** Starts one that is removed at its end, whose output is collected meanwhile. */
export function startContainer({ name, options, args = [] }: ContainerOptions) {
  const ours = ["run", "--rm", "--sig-proxy=false", "--name", name, ...limits, ...alike()];
  const child = spawn(engine, [...ours, ...options, image, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  let isOver = false;
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      isOver = true;
      resolve(code ?? -1);
    });
  });
  const { stdin, stdout } = child;
  return {
    ...{ name, ended, stdin, stdout },
    /** The runtime's exit code of it: 128 and more by a signal. */
    isOver: () => isOver,
    output: () => output,
    exec: (command: readonly string[], timeoutMs?: number) =>
      attempt(["exec", name, ...command], timeoutMs),
    /** Of one that ends meanwhile nothing is said. */
    kill: (signal: "TERM" | "KILL") => attempt(["kill", "--signal", signal, name]),
  };
}

/** Runs a command of the image to its end, behind its ENTRYPOINT or another one. */
export function runOnce(options: readonly string[], ...args: readonly string[]): Promise<Asked> {
  return attempt([
    "run",
    "--rm",
    "--network",
    "none",
    ...limits,
    ...alike(),
    ...options,
    image,
    ...args,
  ]);
}

/**
 * As Kubernetes' runtimes do it: no HEALTHCHECK (which podman needs systemd for), and no line for an
 * unknown UID in /etc/passwd, as podman makes one.
 */
function alike(): string[] {
  return ["--no-healthcheck", ...(isPodman ? ["--passwd=false"] : [])];
}

/** `--read-only` means all of it; podman would mount some directories. */
export const readOnly = ["--read-only", ...(isPodman ? ["--read-only-tmpfs=false"] : [])];

/** A container in another one's network has its host name with Docker, and is to be told it by podman. */
export function inNetworkOf(name: string, hostname: string): string[] {
  return ["--network", `container:${name}`, ...(isPodman ? ["--hostname", hostname] : [])];
}

/** A network of its own that leads nowhere; gives the first three parts of its addresses. */
export async function createNetwork(name: string): Promise<string> {
  // podman would put a DNS server of its own before ours.
  const options = ["--internal", ...(isPodman ? ["--disable-dns"] : [])];
  const any = (below: number) => Math.floor(Math.random() * below);
  for (let tries = 0; tries < 20; tries += 1) {
    const subnet = `10.${100 + any(100)}.${any(256)}`;
    const args = ["network", "create", ...options, "--subnet", `${subnet}.0/24`, name];
    if ((await attempt(args)).exitCode === 0) return subnet;
  }
  throw new Error("no free subnet in 20 tries");
}
