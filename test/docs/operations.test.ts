import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createMetrics } from "../../src/agent/metrics/metrics.js";
import { agentAccount } from "../../src/agent/sql/account.js";
import { decide } from "../../src/bootstrap/decide.js";
import type { Evidence } from "../../src/bootstrap/evidence.js";
import type { Phase } from "../../src/bootstrap/member.js";
import type { BootstrapMode } from "../../src/bootstrap/observation.js";
import { accountStatements } from "../../src/server/initialise/statements.js";
import { parseExposition } from "../agent/metrics/exposition.js";
import { exercise, syncedReport } from "../agent/reports.js";
import {
  at,
  connected,
  founding,
  ledger,
  otherUuid,
  pods,
  seen,
  silent,
  uuid,
  waiting,
} from "../bootstrap/cluster.js";
import { alerts, matches, rules } from "../deploy/monitoring.js";

const text = readFileSync("docs/operations.md", "utf8");
const sources = globSync("src/**/*.ts").map((path) => readFileSync(path, "utf8"));

/** The rows of all tables whose first heading is this one, without the two of the heading. */
function rowsOf(heading: string): string[][] {
  const tables = text.split("\n\n").filter((block) => block.startsWith(`| ${heading} |`));
  return tables.flatMap((table) =>
    table
      .trim()
      .split("\n")
      .slice(2)
      .map((row) =>
        row
          .slice(1, -1)
          .split("|")
          .map((cell) => cell.trim()),
      ),
  );
}

const code = (cell = "") => matches(cell, /`([^`]+)`/g);

const quoted = [
  ...rowsOf("message").flatMap(([first]) => code(first)),
  ...rowsOf("probe").flatMap(([, , fails]) => code(fails)),
  ...matches(text, /`(SIGHUP: [^`]+)`/g),
  ...matches(text, /`(held: …)`/g),
];

test("it quotes what is logged", () => expect(quoted.length).toBeGreaterThan(70));

/** Whether a text has the parts of a quotation, in their order; `…` stands for anything. */
function says(text: string, message: string): boolean {
  let from = 0;
  return message.split("…").every((part) => {
    const at = text.indexOf(part, from);
    from = at + part.length;
    return at >= 0;
  });
}

test.each([...new Set(quoted)])("the sources say: %s", (message) => {
  expect(message.replaceAll("…", "").length).toBeGreaterThan(4);
  expect(sources.some((source) => says(source, message))).toBe(true);
});

/** A member of three, in whatever state. */
const members = (ordinal: number) =>
  fc
    .record({
      evidence: fc.constantFrom<Evidence>(
        ...[at(1), at(2, { safeToBootstrap: true }), at(2, { certain: false })],
        at(3, { uuid: otherUuid }),
        { kind: "empty" },
        { kind: "unclustered" },
        {
          kind: "unrecovered",
          uuid,
          safeToBootstrap: false,
          certain: true,
          isBlank: false,
          damage,
        },
        { kind: "interrupted", by: "sst" },
      ),
      remembered: fc.constantFrom(
        ...[undefined, ledger(pods(3)), ledger(pods(1)), ledger(pods(3), { uuid: otherUuid })],
        ledger(pods(2), { foundings: [founding(1), { ...founding(2), id: `other ${ordinal}` }] }),
      ),
      phase: fc.oneof(
        { weight: 5, arbitrary: fc.constant<Phase>({ kind: "waiting" }) },
        fc.constantFrom<Phase>({ kind: "idle" }, { kind: "joining" }, { kind: "founding" }),
        fc.constantFrom(connected(true, 2, pods(3)), connected(false, 2, pods(2))),
        fc.constantFrom({ ...connected(true, 2, pods(3)), seqno: undefined }),
      ),
    })
    .map(({ evidence, remembered, phase }) => waiting(ordinal, evidence, remembered, { phase }));
const damage = undefined;

/** Whether a quotation is of this reason: from its beginning, or that of a part of it. */
function explains(message: string, why: string): boolean {
  const [head = ""] = message.split("…");
  const begins = why.startsWith(head) || why.includes(`: ${head}`) || why.includes(`; ${head}`);
  return begins && says(why, message);
}

test("it explains whatever the rules wait for, or hold", () => {
  const met = new Set<string>();
  fc.assert(
    fc.property(
      fc.tuple(members(0), members(1), members(2)),
      fc.nat(2),
      fc.boolean(),
      fc.record({
        mode: fc.constantFrom<BootstrapMode>("safe", "safe", "never"),
        replicas: fc.constantFrom(undefined, 3),
        stale: fc.constantFrom(undefined, "a fresh DNS answer: my own record has 10.0.0.9"),
        named: fc.constantFrom(pods(1), pods(2), pods(3)),
      }),
      (all, me, isSilent, rest) => {
        const [self = all[0], ...others] = [...all.slice(me), ...all.slice(0, me)];
        const [first = self, ...further] = others;
        const known = isSilent ? [silent((me + 1) % 3), ...further] : [first, ...further];
        const { action, why } = decide(seen([self, ...known], rest));
        if (action !== "wait" && action !== "hold") return;
        const found = quoted.filter((message) => explains(message, why));
        for (const one of found) met.add(one);
        if (found.length === 0) throw new Error(`not explained: ${why}`);
      },
    ),
    { numRuns: 3000 },
  );
  expect(met.size).toBeGreaterThan(15);
});

test("its list of metrics is the agent's", async () => {
  const metrics = createMetrics();
  exercise(metrics);
  const families = parseExposition((await metrics.text(syncedReport())).body);
  const exported = [...families].map(([name, { type, help, samples }]) => {
    const labels = samples.flatMap((sample) => Object.keys(sample.labels));
    const own = [...new Set(labels)].filter((label) => label !== "le").toSorted();
    return { name, type, labels: own, help };
  });
  const listed = rowsOf("metric").map(([name, type, labels, help]) => ({
    ...{ name: code(name)[0], type, labels: code(labels), help },
  }));
  type Named = { readonly name: string | undefined };
  const byName = (one: Named, other: Named) => (one.name ?? "").localeCompare(other.name ?? "");
  expect(listed.toSorted(byName)).toEqual(exported.toSorted(byName));
});

test("it has a line for each alert, where the alert's runbook points, with its severity", () => {
  const listed = rowsOf("alert").map(([first]) => first);
  const severities = matches(rules, /^ {10}severity: (\w+)$/gm);
  expect(listed).toEqual(
    alerts.map((name, at) => `<a id="${name.toLowerCase()}"></a>${name} (${severities[at]})`),
  );
});

test("its links lead to its own headings", () => {
  const headings = matches(text, /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );
  const links = matches(text, /\]\(#([^)]+)\)/g);
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((link) => !headings.includes(link))).toEqual([]);
});

test("the account that it makes, or docs/kubernetes.md, is the one that the agent uses", () => {
  const key = "a key that the members share";
  const kubernetes = readFileSync("docs/kubernetes.md", "utf8");
  const script = /^\S+node -e '\n([^']+)'$/m.exec(kubernetes)?.[1] ?? "";
  const env = { ...process.env, GALERA_AGENT_KEY: key };
  const printed = execFileSync(process.execPath, ["-e", script], { env, encoding: "utf8" });
  const statements = (account: ReturnType<typeof agentAccount>) =>
    accountStatements({ root: { kind: "empty" }, rootHost: undefined }, "", account).slice(-2);
  const plain = (sql: string) =>
    sql.replace(/['"]/g, "").replace(/CREATE (OR REPLACE )?/g, "CREATE ");
  expect(plain(printed.trim())).toBe(plain(statements(agentAccount(undefined, key)).join("\n")));
  const [, bySocket = ""] = /```sql\n([^`]+)\n```/.exec(text) ?? [];
  const inDocument = bySocket.replace(" IF NOT EXISTS", "");
  expect(plain(inDocument)).toBe(plain(statements(agentAccount("mysql", undefined)).join("\n")));
});

test("it stays short enough to be read at night", () => {
  expect(text.split("\n").length).toBeLessThanOrEqual(260);
});
