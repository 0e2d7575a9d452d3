/*
 * Whether those that may become a joiner's donor can serve mariabackup. A cluster whose data come from
 * elsewhere has no account for it, and a joiner would fail, start again and fail, for ever.
 */
import type { Answer } from "../../agent/http/ask.js";
import type { Report } from "../../agent/report.js";
import { isPrimary } from "../../bootstrap/observation.js";
import { firstLabel } from "../../dns/name.js";
import type { Peer } from "../../peers/peer-set.js";

/** Asks a member's agent for what it knows. */
export type AskReport = (peer: Peer) => Promise<Answer<Report>>;

/**
 * Asks the other members, all at once.
 *
 * @returns why mariabackup would fail, a reason for each of them that says so, or whose agent is too old
 *   to say. Any of them may be the donor, so one is too many; who does not answer is taken to be able
 */
export async function unableDonors(others: readonly Peer[], ask: AskReport): Promise<string[]> {
  const answers = await Promise.all(others.map(ask));
  return answers.flatMap((answer, index) => {
    const reason = answer.kind === "told" ? inability(answer.told) : undefined;
    return reason === undefined ? [] : [`${firstLabel(others[index]?.name ?? "")} ${reason}`];
  });
}

function inability({ state, server, denied }: Report): string | undefined {
  if (!isPrimary(state.phase)) return undefined; // it sends to nobody
  if (denied) return "denies the agent's account, which mariadb-backup would use";
  if (server === undefined || server.backup) return undefined;
  return "has no wsrep_sst_auth, or its account lacks a privilege that mariadb-backup needs";
}
