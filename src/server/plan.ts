import { type MemberPorts, participate } from "../agent/consult.js";
import { readAgentKey } from "../agent/http/key.js";
import type { Decision } from "../bootstrap/decide.js";
import { describeEvidence, type Evidence } from "../bootstrap/evidence.js";
import type { Verdict } from "../bootstrap/participant.js";
import { filesWith } from "../cnf/reading-order.js";
import { formatPosition } from "../galera/grastate.js";
import type { Settings } from "../settings.js";
import { hideSecrets } from "../system/log.js";
import { readCommand } from "./command.js";
import { galeraSettings, startCnf, unreadCnf, unreadPlace } from "./galera-cnf.js";
import { readAccounts, requireRoot } from "./initialise/accounts.js";
import { unwritable, userArgs } from "./privileges.js";
import {
  gather,
  type Member,
  needsInitialisation,
  type Start,
  type StartPorts,
  serverArgv,
} from "./start.js";

/** What `run` would do here and now; `plan --json` prints it. */
export interface Plan {
  /** Fully qualified; undefined for a single node. */
  readonly member: string | undefined;
  readonly service: string | undefined;
  readonly ordinal: number | undefined;
  readonly datadir: string;
  readonly evidence: string;
  /** The peers that DNS names, with their addresses; undefined until it names me. */
  readonly peers:
    | readonly { readonly name: string; readonly addresses: readonly string[] }[]
    | undefined;
  /** Why `run` would end at once: directories that it cannot write in, a galera.cnf that nobody reads. */
  readonly refused: readonly string[];
  /** My own record carries an address of mine. */
  readonly fresh: boolean | undefined;
  readonly decision: {
    readonly action: Decision["action"] | "single" | "untouched";
    readonly why: string;
  };
  /** Undefined where `run` would not write it now. */
  readonly cnf:
    | { readonly path: string; readonly changed: boolean; readonly diff: string }
    | undefined;
  /** The command line that `run` would become; undefined while it waits or is held. */
  readonly command: readonly string[] | undefined;
}

export interface PlanPorts extends StartPorts, MemberPorts {
  readonly uid: number;
}

/**
 * The dry run: one look at everything that `run` rests on. Changes nothing and starts no server.
 *
 * @throws Failure as `run` would before it acts
 */
export async function plan(
  words: readonly string[],
  settings: Settings,
  ports: PlanPorts,
): Promise<Plan> {
  const command = readCommand(words);
  if (command.kind === "untouched") {
    const decision = { action: "untouched", why: "the command is no server start" } as const;
    return { ...nothing, decision, command: command.argv };
  }
  const accounts = readAccounts(ports.env);
  const start = gather(command, settings, ports);
  const { member, datadir, evidence } = start;
  const local = {
    ...nothing,
    datadir,
    evidence: describeEvidence(evidence),
    refused: unwritable(start.places, ports.uid),
  };
  const argv = (founding: boolean) => {
    if (founding && needsInitialisation(start)) requireRoot(accounts);
    const position = member && plannedPosition(evidence);
    return serverArgv(start, founding, position, userArgs(ports.uid, start.account));
  };
  if (member === undefined) {
    const decision = { action: "single", why: "no namespace and no service" } as const;
    return { ...local, decision, command: argv(false) };
  }
  const { me } = member;
  const unread = unreadPlace(start.argv, ports.env, member, settings);
  const refused = [...local.refused, ...(unread === undefined ? [] : [unread])];
  const who = { member: me.fqdn, service: me.serviceFqdn, ordinal: me.ordinal };
  const known = { ...local, ...who, refused };
  const verdict = await considered(start, member, settings, ports);
  const { action, why } = verdict.decision;
  const decision = { action, why };
  if (verdict.peers === undefined) return { ...known, decision };
  const { peers, fresh } = verdict.peers;
  const seen = { ...known, peers, fresh, decision };
  if (action !== "found" && action !== "join") return seen;
  const galera = galeraSettings(verdict.peers, member, settings);
  if (typeof galera === "string") return { ...seen, decision: { action: "wait", why: galera } };
  const { path, current, text } = await startCnf(
    galera,
    verdict.peers,
    action === "join",
    start,
    member,
    settings,
    ports,
  );
  const planned = { path, text };
  const overruled = unread ?? unreadCnf(start.argv, ports.env, planned, filesWith(planned));
  const { createTwoFilesPatch } = await import("diff");
  const diff = createTwoFilesPatch(path, path, utf8(current ?? ""), utf8(text), "now", "planned");
  return {
    ...seen,
    refused: overruled === undefined ? refused : [...local.refused, overruled],
    cnf: { path, changed: current !== text, diff: current === text ? "" : hideSecrets(diff) },
    command: argv(action === "found").map(hideSecrets),
  };
}

/** What the decision would be, were this the start: the others are asked, nothing is granted. */
async function considered(
  { evidence, ledger, stateDir }: Start,
  { me: { name }, look, addressType }: Member,
  settings: Settings,
  ports: PlanPorts,
): Promise<Verdict> {
  const key = readAgentKey(ports.env);
  const participant = participate(
    { name, stateDir, ledger, look, addressType },
    settings,
    key,
    ports,
  );
  participant.start(evidence, ledger);
  return participant.preview(ports.signal);
}

/** A server that was not stopped cleanly is asked for its position at the start, not by a plan. */
function plannedPosition(evidence: Evidence): string | undefined {
  if (evidence.kind === "unrecovered") return "<recovered at the start>";
  return evidence.kind === "position" ? formatPosition(evidence) : undefined;
}

const nothing = {
  member: undefined,
  service: undefined,
  ordinal: undefined,
  datadir: "",
  evidence: "",
  peers: undefined,
  refused: [],
  fresh: undefined,
  cnf: undefined,
  command: undefined,
} satisfies Partial<Plan>;

/** Option files are kept one byte a character. */
function utf8(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}

/** The plan for people, without a final newline. */
export function formatPlan(plan: Plan): string {
  const lines: string[] = [];
  const row = (name: string, value: string) => lines.push(`${name.padEnd(11)}${value}`);
  if (plan.member !== undefined) row("member", plan.member);
  if (plan.datadir !== "") row("datadir", `${plan.datadir}: ${plan.evidence}`);
  for (const [index, { name, addresses }] of (plan.peers ?? []).entries()) {
    row(index === 0 ? "peers" : "", `${name} ${addresses.join(" ") || "(address not looked up)"}`);
  }
  if (plan.fresh !== undefined) {
    row("answer", plan.fresh ? "fresh: my record carries my address" : "not proved fresh");
  }
  for (const [index, problem] of plan.refused.entries()) {
    row(index === 0 ? "refused" : "", problem);
  }
  const end = plan.refused.length === 0 ? "" : "; but `run` would end at once (exit 78)";
  row("decision", `${plan.decision.action}: ${plan.decision.why}${end}`);
  if (plan.cnf !== undefined) {
    row(
      "galera.cnf",
      `${plan.cnf.path} ${plan.cnf.changed ? "would be written:" : "stays as it is"}`,
    );
    if (plan.cnf.changed) lines.push(plan.cnf.diff.trimEnd());
  }
  if (plan.command !== undefined) row("command", plan.command.join(" "));
  return lines.join("\n");
}
