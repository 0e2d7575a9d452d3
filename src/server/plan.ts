import type { Decision } from "../bootstrap/decide.js";
import { describeEvidence } from "../bootstrap/evidence.js";
import { prepareGaleraCnf } from "../cnf/prepare.js";
import { formatPosition, type Grastate } from "../galera/grastate.js";
import type { Settings } from "../settings.js";
import { hideSecrets } from "../system/log.js";
import { readAccounts, requireRoot } from "./accounts.js";
import { readCommand } from "./command.js";
import { userArgs } from "./privileges.js";
import { gather, judge, needsInitialisation, type StartPorts, serverArgv } from "./start.js";

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
  /** My own record carries an address of mine. */
  readonly fresh: boolean | undefined;
  readonly decision: Decision | { readonly action: "single" | "untouched"; readonly why: string };
  /** Undefined where `run` would not write it now. */
  readonly cnf:
    | { readonly path: string; readonly changed: boolean; readonly diff: string }
    | undefined;
  /** The command line that `run` would become; undefined while it waits or is held. */
  readonly command: readonly string[] | undefined;
}

/**
 * The dry run: one look at everything that `run` rests on. Changes nothing and starts no server.
 *
 * @throws Failure as `run` would before it acts
 */
export async function plan(
  words: readonly string[],
  settings: Settings,
  ports: StartPorts & { readonly uid: number },
): Promise<Plan> {
  const command = readCommand(words);
  if (command.kind === "untouched") {
    const decision = { action: "untouched", why: "the command is no server start" } as const;
    return { ...nothing, decision, command: command.argv };
  }
  const accounts = readAccounts(ports.env);
  const start = gather(command, settings, ports);
  const { member, datadir, evidence } = start;
  const local = { ...nothing, datadir, evidence: describeEvidence(evidence) };
  const argv = (founding: boolean) => {
    if (founding && needsInitialisation(start)) requireRoot(accounts);
    const position = evidence.kind === "position" ? plannedPosition(evidence) : undefined;
    return serverArgv(start, founding, member && position, userArgs(ports.uid, start.account));
  };
  if (member === undefined) {
    const decision = { action: "single", why: "no namespace and no service" } as const;
    return { ...local, decision, command: argv(false) };
  }
  const { me } = member;
  const known = { ...local, member: me.fqdn, service: me.serviceFqdn, ordinal: me.ordinal };
  const verdict = judge(await member.look(ports.signal), start, member, settings);
  if (typeof verdict === "string") return { ...known, decision: { action: "wait", why: verdict } };
  const { peers, decision, galera } = verdict;
  const seen = { ...known, peers: peers.peers, fresh: peers.fresh, decision };
  if (decision.action === "wait" || decision.action === "hold") return seen;
  const { path, current, text } = prepareGaleraCnf(member.cnf, galera);
  const { createTwoFilesPatch } = await import("diff");
  const diff = createTwoFilesPatch(path, path, utf8(current ?? ""), utf8(text), "now", "planned");
  return {
    ...seen,
    cnf: { path, changed: current !== text, diff: current === text ? "" : hideSecrets(diff) },
    command: argv(decision.action === "found").map(hideSecrets),
  };
}

/** A server that was not stopped cleanly is asked for its position at the start, not by a plan. */
function plannedPosition(state: Grastate): string {
  return state.seqno >= 0n ? formatPosition(state) : "<recovered at the start>";
}

const nothing = {
  member: undefined,
  service: undefined,
  ordinal: undefined,
  datadir: "",
  evidence: "",
  peers: undefined,
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
  row("decision", `${plan.decision.action}: ${plan.decision.why}`);
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
