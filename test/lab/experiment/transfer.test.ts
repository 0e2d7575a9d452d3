import { expect, test } from "vitest";
import { lastTransfer, transferText } from "../../../src/lab/experiment/transfer.js";

/** What a joiner of 10.11 has in its log. */
const log = (donor: string, kind: string) => `
2026-11-23 13:43:58 0 [Note] WSREP: Member 2.0 (galera-0) requested state transfer from 'galera-2,galera-1,'. Selected 1.0 (${donor})(SYNCED) as donor.
2026-11-23 13:43:58 0 [Note] WSREP: Shifting PRIMARY -> JOINER (TO: 5)
WSREP_SST: [INFO] rsync ${kind} started on joiner (20261123 13:43:58.486)
WSREP_SST: [INFO] rsync ${kind} completed on joiner (20261123 13:43:59.131)
`;

test("the last state transfer, by what and from whom", () => {
  const first = log("galera-2", "SST");
  expect(lastTransfer(first)).toEqual({ kind: "SST", donor: "galera-2" });
  expect(lastTransfer(first + log("galera-1", "IST"))).toEqual({ kind: "IST", donor: "galera-1" });
  expect(transferText(lastTransfer(first))).toBe("SST from galera-2");
});

test("one that was not needed, or has not ended", () => {
  expect(lastTransfer("")).toBeUndefined();
  expect(lastTransfer(log("galera-2", "SST").replace("completed", "joiner cleanup"))).toBe(
    undefined,
  );
  expect(transferText(undefined)).toBe("no state transfer");
});
