/**
 * What this program adds to an image of MariaDB: size, compressed as a registry has it, against the same
 * image without us (`--target mariadb`); and time from a container's start to the exec of mariadbd, against
 * the same container with mariadbd as its entrypoint, in turn, a single node with its data already there.
 * The exec is seen by the server's first line, which comes at once after it. Ends with 1 where a bound is
 * broken. Run by scripts/image, which names the engine and the images.
 */
import { execFileSync, execSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kept, median } from "./figures.js";

const runs = 15;
const warmUps = 2;
const bounds = { addedMB: 50, addedMs: 150 };

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run scripts/bench image`);
  return value;
}
const engine = given("ENGINE");
const image = given("IMAGE");
const withoutUs = given("MARIADB_IMAGE");
const prefix = given("TEST_RUN");

function ask(...args: readonly string[]): string {
  return execFileSync(engine, args, { encoding: "utf8" });
}

function layersOf(name: string): string[] {
  return JSON.parse(ask("image", "inspect", "--format", "{{json .RootFS.Layers}}", name));
}

/** Bytes of each layer that the image has besides the other one's, compressed by gzip. */
function addedLayers(): number[] {
  const base = layersOf(withoutUs);
  if (base.some((layer, index) => layer !== layersOf(image)[index])) {
    throw new Error(`${image} is not made from ${withoutUs}`);
  }
  const directory = mkdtempSync(join(tmpdir(), "galera-peers-bench-"));
  try {
    const archive = join(directory, "image.tar");
    ask("save", "--output", archive, image);
    const unpacked = (member: string) => `tar -xOf ${archive} '${member}'`;
    const [manifest] = JSON.parse(execSync(unpacked("manifest.json"), { encoding: "utf8" }));
    const added: string[] = manifest.Layers.slice(base.length);
    return added.map((layer) =>
      Number(execSync(`${unpacked(layer)} | gzip -6 | wc -c`, { encoding: "utf8" })),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

let started = 0;

/** Starts a container, and ends it as soon as the server takes clients; ms to the server's first line. */
function start(options: readonly string[]): Promise<number> {
  started += 1;
  const name = `${prefix}-${started}`;
  const own = ["--rm", "--no-healthcheck", "--network", "none", "--name", name];
  const volume = ["--volume", `${prefix}:/var/lib/mysql`];
  const begun = performance.now();
  const child = spawn(engine, ["run", ...own, ...volume, ...options, image], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new Promise((resolve, reject) => {
    let said = "";
    let ms: number | undefined;
    let isEnding = false;
    const hear = (chunk: Buffer) => {
      said += chunk;
      if (said.includes("Starting MariaDB")) ms ??= performance.now() - begun;
      if (isEnding || !/ready for connections.*port: 3306/s.test(said)) return;
      isEnding = true;
      ask("kill", "--signal", "TERM", name);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0 && ms !== undefined) resolve(ms);
      else reject(new Error(`${name} ended with ${code}: ${said}`));
    });
  });
}

const layers = addedLayers();
const megabytes = (bytes: number) => bytes / 1e6;
for (const bytes of layers) console.log(`layer: ${megabytes(bytes).toFixed(2)} MB by gzip`);
const sum = layers.reduce((total, bytes) => total + bytes, 0);
const isSmall = kept("added size, MB", megabytes(sum), bounds.addedMB);

await start(["--env", "MARIADB_RANDOM_ROOT_PASSWORD=1"]);
const ours: number[] = [];
const bare: number[] = [];
for (let run = -warmUps; run < runs; run += 1) {
  const pair = [await start([]), await start(["--entrypoint", "mariadbd"])] as const;
  if (run < 0) continue;
  ours.push(pair[0]);
  bare.push(pair[1]);
}
const row = (what: string, values: readonly number[]) =>
  console.log(`${what.padEnd(36)}${median(values).toFixed(0).padStart(8)}`);
console.log(`container start to mariadbd, ${runs} runs in turn    ms, median`);
row("galera-peers run", ours);
row("mariadbd as the entrypoint", bare);
const isQuick = kept("added time, ms", median(ours) - median(bare), bounds.addedMs);
process.exit(isSmall && isQuick ? 0 : 1);
