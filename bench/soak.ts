/**
 * Whether an agent grows: 100,000 s on an accelerated clock, more than a day and each with its poll of
 * DNS, with probes, scrapes, members that ask, DNS that fails, servers that start and end, connections
 * that are cut, hooks and SIGHUPs (test/agent/soak.ts). Prints what is in use at ten points; ends with
 * 1 where the last has more than the second, by which everything has happened once.
 */
import { startSoak } from "../test/agent/soak.js";

const seconds = 100_000;
const points = 10;
/** So much is garbage that was not collected, and a heap's fragments. */
const slack = { heapMiB: 0.5, rssMiB: 4, descriptors: 0, listeners: 0, sleepers: 0, active: 0 };

const soak = await startSoak(79, 4571);
const usages = [];
console.log("    hours     polls  heap MiB   RSS MiB       fds listeners  sleepers    active");
for (let point = 0; point < points; point += 1) {
  await soak.pass(seconds / points);
  const usage = await soak.usage();
  usages.push(usage);
  const cell = (value: number, digits: number) => value.toFixed(digits).padStart(10);
  const { polls, heapMiB, rssMiB, descriptors, listeners, sleepers, active } = usage;
  const counts = [descriptors, listeners, sleepers, active].map((value) => cell(value, 0)).join("");
  const hours = soak.agentS() / 3600;
  console.log(
    `${cell(hours, 1).slice(1)}${cell(polls, 0)}${cell(heapMiB, 2)}${cell(rssMiB, 1)}${counts}`,
  );
}
await soak.close();

const [, early] = usages;
const late = usages.at(-1);
if (early === undefined || late === undefined) throw new Error("too few points");
const grown = (Object.keys(slack) as (keyof typeof slack)[]).filter(
  (what) => late[what] - early[what] > slack[what],
);
for (const what of grown) console.log(`${what} has grown from ${early[what]} to ${late[what]}`);
process.exit(grown.length > 0 || late.polls < seconds ? 1 : 0);
