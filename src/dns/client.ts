import type { Clock } from "../system/clock.js";
import { messageOf } from "../system/failure.js";
import { type FailureReason, formatServer, type Lookup, type Server } from "./lookup.js";
import { decodeReply, encodeQuery, type QueryType, type Question, type Reply } from "./message.js";
import { type Exchange, exchangeTcp, exchangeUdp } from "./transport.js";

/** Asks for the records of one absolute name; the signal ends it with the signal's reason. */
export type Query = (name: string, type: QueryType, signal: AbortSignal) => Promise<Lookup<Reply>>;

export interface ClientOptions {
  readonly servers: readonly Server[];
  /** How long one server has for one answer. */
  readonly tryMs: number;
  /** How long all tries of one look-up together may take. */
  readonly overallMs: number;
  /** How often each server is asked. */
  readonly attempts: number;
  readonly rotate: boolean;
  readonly tcp: boolean;
  readonly clock: Clock;
  /** A 16-bit query id that others cannot guess. */
  readonly randomId: () => number;
  readonly udp?: Exchange<Reply>;
  readonly stream?: Exchange<Reply>;
}

type Failed = Extract<Lookup<never>, { kind: "failed" }>;

/** A resolver stub: asks the servers in turn until one gives an answer or says that there is none. */
export function createClient(options: ClientOptions): Query {
  const { servers, clock, randomId, udp = exchangeUdp, stream = exchangeTcp } = options;
  let first = 0;

  async function ask(server: Server, question: Question, tryMs: number, signal: AbortSignal) {
    const query = encodeQuery(question);
    let wrong: string | undefined;
    const accept = (bytes: Uint8Array) => {
      const reply = decodeReply(bytes, question);
      if (typeof reply !== "string") return reply;
      wrong = reply;
      return undefined;
    };
    const unanswered = (why: FailureReason, detail: string) =>
      wrong === undefined ? failed(why, detail) : failed("malformed", wrong);
    const outcome = await within(clock, tryMs, signal, async (limit): Promise<Lookup<Reply>> => {
      try {
        let reply = options.tcp ? undefined : await udp(server, query, accept, limit);
        if (reply === undefined || reply.truncated) {
          reply = await stream(server, query, accept, limit);
        }
        return read(reply, question);
      } catch (error) {
        if (limit.aborted) throw error;
        return unanswered("unreachable", messageOf(error));
      }
    });
    return outcome ?? unanswered("timeout", "no answer");
  }

  return async (name, type, signal) => {
    const deadline = clock.now() + options.overallMs;
    if (options.rotate) first = (first + 1) % servers.length;
    let why: FailureReason = "timeout";
    const details = new Map<Server, string>();
    // In the servers' own order, so that the same failure is said in the same words.
    const allFailed = () =>
      failed(why, servers.flatMap((one) => details.get(one) ?? []).join("; "));
    for (let attempt = 0; attempt < options.attempts; attempt += 1) {
      for (let turn = 0; turn < servers.length; turn += 1) {
        const server = servers[(first + turn) % servers.length] as Server;
        const tryMs = Math.min(options.tryMs, deadline - clock.now());
        if (tryMs <= 0) return allFailed();
        const outcome = await ask(server, { id: randomId(), name, type }, tryMs, signal);
        if (outcome.kind !== "failed") return outcome;
        why = outcome.why;
        details.set(server, `${formatServer(server)}: ${outcome.detail}`);
      }
    }
    return allFailed();
  };
}

function failed(why: FailureReason, detail: string): Failed {
  return { kind: "failed", why, detail };
}

function read(reply: Reply, { name, type }: Question): Lookup<Reply> {
  switch (reply.rcode) {
    case "NOERROR":
      break;
    case "NXDOMAIN":
      return { kind: "empty", why: "nxdomain", ttlS: reply.ttlS };
    case "SERVFAIL":
      return failed("servfail", "SERVFAIL");
    case "REFUSED":
      return failed("refused", "REFUSED");
    default:
      return failed("malformed", reply.rcode);
  }
  if (reply.truncated) return failed("malformed", "the answer does not fit into a DNS message");
  // Somebody is there who cannot be named: without that record I might take myself for alone.
  if (reply.invalid > 0) return failed("malformed", "an SRV target that is no host's name");
  const found = type === "SRV" ? reply.srv : (reply.addresses.get(name) ?? []);
  if (found.length === 0) return { kind: "empty", why: "nodata", ttlS: reply.ttlS };
  return { kind: "answer", value: reply, ttlS: reply.ttlS };
}

/** Runs `work` with a signal that ends it after `ms`: undefined then. An outer abort is rethrown. */
async function within<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: (limit: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const over = new AbortController();
  const limit = AbortSignal.any([signal, over.signal]);
  const timer = clock.sleep(ms, limit).then(
    () => over.abort(),
    () => {},
  );
  try {
    return await work(limit);
  } catch (error) {
    signal.throwIfAborted();
    if (over.signal.aborted) return undefined;
    throw error;
  } finally {
    over.abort(); // also lets go of what still listens: Node keeps such a signal for ever
    await timer;
  }
}
