import { FormatError, fromJson, readState } from "../../bootstrap/format.js";
import type { MemberState } from "../../bootstrap/member.js";
import { type Report, readReport } from "../report.js";
import { exchange, type Reply } from "./exchange.js";
import type { PeerTls } from "./secure.js";
import { isSignedBy, signatureHeader, tellingSubject } from "./signature.js";

/** What asking a member's agent came to. */
export type Answer<T> = { readonly kind: "told"; readonly told: T } | Silent;

export interface Silent {
  readonly kind: "silent";
  readonly what: string;
  /** Nothing listens there at all. */
  readonly absent: boolean;
  /** There is an answer, and it is not signed with my key: it is not believed. */
  readonly unproved?: true;
}

export interface AskOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** The shared key; undefined: states are exchanged unsigned. */
  readonly key: string | undefined;
  /** Left out: nothing is encrypted. */
  readonly tls?: PeerTls | undefined;
  /** Without a key, answers that are signed are taken unverified: for what is only shown. */
  readonly unverified?: true;
  /** Another one each time, so that an earlier answer is none to this question. */
  readonly nonce: string;
  readonly signal: AbortSignal;
}

const timeoutMs = 1000;

/** Asks a member's agent for its state: `GET /v1/state`. */
export function askState(options: AskOptions): Promise<Answer<MemberState>> {
  return ask(
    "/v1/state",
    options,
    (value) => readState(value, "state"),
    ({ name }) => name,
  );
}

/** Asks a member's agent for what it knows: `GET /v1/status`. */
export function askReport(options: AskOptions): Promise<Answer<Report>> {
  return ask(
    "/v1/status",
    options,
    (value) => readReport(value, "status"),
    ({ state }) => state.name,
  );
}

async function ask<T>(
  path: string,
  { name, key, unverified, nonce, ...to }: AskOptions,
  read: (value: unknown) => T,
  nameOf: (told: T) => string,
): Promise<Answer<T>> {
  const reply = await exchange({
    host: to.address,
    port: to.port,
    method: "GET",
    path: `${path}?nonce=${nonce}`,
    timeoutMs,
    signal: to.signal,
    tls: to.tls,
  });
  if (reply.kind === "none") {
    return { kind: "silent", what: `its agent: ${reply.why}`, absent: reply.refused };
  }
  if (reply.status === 403) return silent(refusal(to.tls));
  if (reply.status !== 200) return silent(`its agent answers with status ${reply.status}`);
  const doubt = doubtAbout(reply, key, tellingSubject(path, nonce));
  if (doubt !== undefined && !(key === undefined && unverified)) {
    return { ...silent(doubt), unproved: true };
  }
  return readAnswer(name, reply.body, read, nameOf);
}

/** Only members are told: whoever has a certificate of their authority. */
function refusal(tls: PeerTls | undefined): string {
  return tls === undefined
    ? "its agent answers over TLS only (GALERA_TLS_DIR), and I have no certificate"
    : "its agent does not take my certificate: another authority than in its ca.crt?";
}

function silent(what: string): Silent {
  return { kind: "silent", what, absent: false };
}

/** What keeps an answer from being believed, in the words of whoever has to mend it. */
function doubtAbout(
  { headers, body }: Extract<Reply, { kind: "reply" }>,
  key: string | undefined,
  subject: string,
): string | undefined {
  const given = headers[signatureHeader];
  if (key === undefined) {
    return given === undefined ? undefined : "its agent has a GALERA_AGENT_KEY, and I have none";
  }
  if (typeof given !== "string") return "its agent has no GALERA_AGENT_KEY, and I have one";
  if (isSignedBy(key, given, subject, body)) return undefined;
  return "its agent has another GALERA_AGENT_KEY than I";
}

function readAnswer<T>(
  name: string,
  body: string,
  read: (value: unknown) => T,
  nameOf: (told: T) => string,
): Answer<T> {
  try {
    const told = read(fromJson(body));
    const whose = nameOf(told);
    if (whose === name) return { kind: "told", told };
    return silent(`the agent at its address is that of ${whose}`);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return silent(`its agent's answer cannot be read (${error.message}): another version?`);
  }
}
