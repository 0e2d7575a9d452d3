import { FormatError, fromJson, readState } from "../bootstrap/format.js";
import type { MemberState } from "../bootstrap/member.js";
import { exchange, type Reply } from "./http.js";
import { isSignedBy, signatureHeader, stateSubject } from "./signature.js";

/** What asking a member's agent came to. */
export type Answer =
  | { readonly kind: "state"; readonly state: MemberState }
  /** `absent`: nothing listens there at all. */
  | { readonly kind: "silent"; readonly what: string; readonly absent: boolean };

export interface AskOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** The shared key; undefined: states are exchanged unsigned. */
  readonly key: string | undefined;
  /** Another one each time, so that an earlier answer is none to this question. */
  readonly nonce: string;
  readonly signal: AbortSignal;
}

const timeoutMs = 1000;

/** Asks a member's agent for its state: `GET /v1/state`. */
export async function askState({ name, key, nonce, ...to }: AskOptions): Promise<Answer> {
  const path = `/v1/state?nonce=${nonce}`;
  const reply = await exchange({
    host: to.address,
    port: to.port,
    method: "GET",
    path,
    timeoutMs,
    signal: to.signal,
  });
  if (reply.kind === "none") {
    return { kind: "silent", what: `its agent: ${reply.why}`, absent: reply.refused };
  }
  const bad = badReply(reply, key, nonce);
  if (bad !== undefined) return { kind: "silent", what: bad, absent: false };
  return readAnswer(name, reply.body);
}

/** What is wrong with an answer, in the words of whoever has to mend it. */
function badReply(
  { status, headers, body }: Extract<Reply, { kind: "reply" }>,
  key: string | undefined,
  nonce: string,
): string | undefined {
  if (status !== 200) return `its agent answers with status ${status}`;
  const given = headers[signatureHeader];
  if (key === undefined) {
    return given === undefined ? undefined : "its agent has a GALERA_AGENT_KEY, and I have none";
  }
  if (typeof given !== "string") return "its agent has no GALERA_AGENT_KEY, and I have one";
  if (isSignedBy(key, given, stateSubject(nonce), body)) return undefined;
  return "its agent has another GALERA_AGENT_KEY than I";
}

function readAnswer(name: string, body: string): Answer {
  try {
    const state = readState(fromJson(body), "state");
    if (state.name === name) return { kind: "state", state };
    const what = `the agent at its address is that of ${state.name}`;
    return { kind: "silent", what, absent: false };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const what = `its agent's answer cannot be read (${error.message}): another version?`;
    return { kind: "silent", what, absent: false };
  }
}
