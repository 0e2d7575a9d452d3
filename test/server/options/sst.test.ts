import { describe, expect, test } from "vitest";
import { agentAccount } from "../../../src/agent/sql/account.js";
import { ownBlock } from "../../../src/cnf/own-block.js";
import { type SstFacts, sstOptions, type UserSst } from "../../../src/server/options/sst.js";
import { hideSecrets } from "../../../src/system/log.js";
import { peerSetOf } from "./peers.js";

const everything = ["openssl", "mariadb-backup", "socat", "rsync", "stunnel"];
const tls = { ca: "/tls/ca.crt", cert: "/tls/tls.crt", key: "/tls/tls.key" };
const noAccount = agentAccount(undefined, undefined);

interface Situation extends Partial<Omit<SstFacts, "has">> {
  readonly installed?: readonly string[];
  /** What the user has set, and what of it in the scripts' group. */
  readonly given?: Readonly<Record<string, string>>;
  readonly sst?: readonly string[];
}

/** The options that galera-1 of three chooses, by name. */
function chosen(situation: Situation = {}) {
  const { installed = everything, given = {}, sst = [], ...rest } = situation;
  const facts: SstFacts = {
    ...{ account: agentAccount("mysql", undefined), peers: peerSetOf(1, [0, 1, 2]) },
    ...{ has: (program: string) => installed.includes(program), unable: [], tls: undefined },
    ...rest,
  };
  const user: UserSst = { value: (name) => given[name], sst: (name) => sst.includes(name) };
  const options = sstOptions(facts, user);
  const values = Object.fromEntries(options.map(({ name, value }) => [name, value]));
  return { options, values, why: options[0]?.why ?? "" };
}

const method = (name: string) => ({ wsrep_sst_method: name });

describe("the method", () => {
  test.each<[string, Situation, string, string]>([
    ["all is there", {}, "mariabackup", "takes writes"],
    ["no mariadb-backup", { installed: ["socat", "rsync"] }, "rsync", "not both installed"],
    ["no socat", { installed: ["mariadb-backup", "rsync"] }, "rsync", "not both installed"],
    ["no rsync", { installed: ["mariadb-backup", "socat"] }, "mariabackup", "takes writes"],
    ["no way in", { account: noAccount }, "rsync", "GALERA_AGENT_KEY"],
    ["a donor that is unable", { unable: ["galera-2 is"] }, "rsync", "mariabackup: galera-2 is"],
    [
      "the user's own way in",
      { account: noAccount, given: { wsrep_sst_auth: "sst:geheim" }, unable: ["galera-2 is"] },
      ...(["mariabackup", "takes writes"] as const),
    ],
    [
      "the same, where the scripts read it",
      { account: noAccount, sst: ["wsrep_sst_auth"] },
      ...(["mariabackup", "takes writes"] as const),
    ],
    [
      "nothing but a donor that is unable",
      { installed: ["mariadb-backup", "socat"], unable: ["galera-2 is"] },
      ...(["mariabackup", "rsync, which is not installed; but galera-2 is"] as const),
    ],
    ["TLS", { tls }, "mariabackup", "takes writes"],
    ["TLS and no way in", { tls, account: noAccount }, "rsync", "GALERA_AGENT_KEY"],
    [
      "TLS and no way in, without stunnel",
      { tls, account: noAccount, installed: ["mariadb-backup", "socat", "rsync", "openssl"] },
      ...(["mariabackup", "with TLS rsync needs stunnel"] as const),
    ],
  ])("%s", (_, situation, name, why) => {
    const { values, why: said } = chosen(situation);
    expect(values).toMatchObject(method(name));
    expect(said).toContain(why);
  });

  test("none where none would work", () => {
    expect(chosen({ installed: [] }).values).toEqual({ wsrep_sst_donor: "galera-2,galera-0," });
  });

  test("the user's own is not chosen again, and refused only where it cannot work", () => {
    const given = { wsrep_sst_method: "rsync" };
    expect(chosen({ given }).values).not.toHaveProperty("wsrep_sst_method");
    expect(chosen({ given, tls }).values).not.toHaveProperty("wsrep_sst_method");
    expect(() => chosen({ given, tls, installed: ["rsync", "openssl"] })).toThrow(
      expect.objectContaining({ exitCode: 78, message: expect.stringMatching(/^.*stunnel.*$/) }),
    );
    expect(() =>
      chosen({ given: method("mariabackup"), tls, installed: ["openssl"] }),
    ).not.toThrow();
    expect(() => chosen({ tls, installed: ["mariadb-backup", "socat"] })).toThrow(/openssl/);
  });
});

describe("the way in at the donor", () => {
  test("without a secret where the user has a name", () => {
    expect(chosen().values).toMatchObject({ wsrep_sst_auth: "mysql:" });
  });

  test("with the password that all members derive, which no plan shows", () => {
    const account = agentAccount(undefined, "a shared key");
    const { options } = chosen({ account });
    const password = account?.kind === "password" ? account.password : "none";
    const text = ownBlock(options, undefined);
    expect(text).toContain(`\nwsrep_sst_auth=galera-peers:${password}\n`);
    expect(hideSecrets(text)).not.toContain(password);
    expect(hideSecrets(`+${text.replaceAll("\n", "\n+")}`)).not.toContain(password);
  });

  test.each<[string, Situation]>([
    ["nobody has one", { account: noAccount }],
    ["mariadb-backup is not installed", { installed: ["rsync"] }],
    ["the user has set it", { given: { wsrep_sst_auth: "sst:geheim" } }],
    ["the user has set it for the scripts", { sst: ["wsrep_sst_auth"] }],
  ])("none: %s", (_, situation) => {
    expect(chosen(situation).values).not.toHaveProperty("wsrep_sst_auth");
  });

  test("also where another method is the user's: it may be another's donor", () => {
    expect(chosen({ given: method("rsync") }).values).toMatchObject({ wsrep_sst_auth: "mysql:" });
  });
});

describe("the donor", () => {
  test("the highest ordinal that is not mine first, and anybody at last", () => {
    const peers = peerSetOf(10, [0, 1, 2, 9, 10, 11]);
    const wsrep_sst_donor = "galera-11,galera-9,galera-2,galera-1,galera-0,";
    expect(chosen({ peers }).values).toMatchObject({ wsrep_sst_donor });
  });

  test.each<[string, Situation]>([
    ["there is no choice", { peers: peerSetOf(1, [0, 1]) }],
    ["I am alone", { peers: peerSetOf(0, [0]) }],
    [
      "segments are Galera's to weigh",
      { given: { wsrep_provider_options: "gcache.size=1G; gmcast.segment=1" } },
    ],
  ])("none: %s", (_, situation) => {
    expect(chosen(situation).values).not.toHaveProperty("wsrep_sst_donor");
  });
});
