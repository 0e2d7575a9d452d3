import { join } from "node:path";
import { expect, test } from "vitest";
import { participate } from "../../src/agent/consult.js";
import { peerSet } from "../../src/peers/peer-set.js";
import { exitCode } from "../../src/system/failure.js";
import { member, targets } from "../peers/members.js";
import { testClock } from "../system/test-clock.js";
import { createIssuer, mountSecret, pemOf } from "../tls/authority.js";
import { newId, scratch, signal } from "./members.js";

test("certificates that do not fit are read again at the next look", async () => {
  const issuer = createIssuer(join(scratch(), "issuer"));
  const [authority, another] = [issuer.authority(), issuer.authority()];
  const tlsDir = scratch();
  mountSecret(tlsDir, pemOf(another, issuer.issue(authority)));
  const set = peerSet(targets("galera-0=127.0.0.1", "galera-1=127.0.50.99"), member());
  const participant = participate(
    {
      ...{ name: "galera-0", stateDir: scratch(), ledger: undefined, addressType: "dns" },
      look: async () => ({ kind: "peers", ttlS: 5, set }),
    },
    { tlsDir },
    undefined,
    { clock: testClock(), newId },
  );
  participant.start({ kind: "empty" }, undefined);
  await expect(participant.pass(signal)).rejects.toMatchObject({ exitCode: exitCode.config });
  mountSecret(tlsDir, pemOf(authority, issuer.issue(authority)));
  await expect(participant.pass(signal)).resolves.toMatchObject({ decision: { action: "wait" } });
});
