import type { Question } from "dns-packet";
import { answer, denial, error, type Reply, rcode } from "./answer.js";
import { readQuery } from "./query.js";
import { sizeLimit, writeReply } from "./reply.js";
import { type State, visibleZone } from "./state.js";

/** What becomes of one message: bytes to send after a delay, or silence. */
export type Response =
  | { readonly kind: "send"; readonly bytes: Buffer; readonly delayMs: number }
  /** A query that a fault leaves unanswered. */
  | { readonly kind: "dropped" }
  /** Not a query at all. */
  | { readonly kind: "ignored" };

/**
 * From a message's bytes to the answer's: the whole server without its sockets.
 *
 * @param nth how many queries came before, this one included; decides which are dropped
 */
export function respond(
  state: State,
  nowMs: number,
  nth: number,
  bytes: Buffer,
  transport: "udp" | "tcp",
): Response {
  const query = readQuery(bytes);
  if (query.kind === "ignored") return { kind: "ignored" };

  const { drop, delayMs, truncate } = state.faults;
  if (isDropped(nth, drop)) return { kind: "dropped" };

  const { asked } = query;
  const limit = truncate && transport === "udp" ? 0 : sizeLimit(asked, transport);
  const [name, reply] =
    query.kind === "rejected"
      ? ["", error(query.rcode)]
      : [query.question.name, faultyAnswer(state, nowMs, query.question)];
  return { kind: "send", bytes: writeReply(asked, name, reply, limit), delayMs };
}

function faultyAnswer(state: State, nowMs: number, question: Question): Reply {
  const zone = visibleZone(state, nowMs);
  if (state.faults.servfail) return error(rcode.servFail);

  const reply = answer(zone, question);
  const inZone = reply.rcode !== rcode.refused;
  return state.faults.nxdomain && inZone ? denial(zone, rcode.nxDomain) : reply;
}

/** Every query whose turn lifts the running total of drops over the next whole number. */
function isDropped(nth: number, fraction: number): boolean {
  return Math.floor(nth * fraction) > Math.floor((nth - 1) * fraction);
}
