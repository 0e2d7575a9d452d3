import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ownBlock } from "../../src/cnf/own-block.js";
import { tlsOptions } from "../../src/server/options/tls.js";
import {
  adaptSstEncryption,
  canEncrypt,
  type Speaks,
  withSstEncryption,
} from "../../src/tls/sst-encryption.js";
import { collect } from "../agent/members.js";
import { testClock } from "../system/test-clock.js";

const files = { ca: "/tls/ca.crt", cert: "/tls/tls.crt", key: "/tls/tls.key" };
const user = "[sst]\nssl-mode=DISABLED\n";
/** galera.cnf as a start leaves it, behind lines of the user's. */
const written = `${user}${ownBlock(tlsOptions(files, "dynamic"), undefined)}`;

test.each<[Speaks[], boolean | undefined]>([
  [[], undefined],
  [["nothing", "nothing"], undefined],
  [["tls", "nothing"], true],
  [["tls", "tls"], true],
  [["tls", "plain"], false],
  [["plain", "nothing"], false],
])("%j: encrypted? %s", (answers, expected) => {
  expect(canEncrypt(answers)).toBe(expected);
});

describe("the text", () => {
  test("changes in the part that is ours, there and back", () => {
    const on = withSstEncryption(written, true);
    expect(on).toBe(`${user}${written.slice(user.length).replace("DISABLED", "VERIFY_CA")}`);
    expect(on).not.toBe(written);
    expect(withSstEncryption(on, true)).toBe(on);
    expect(withSstEncryption(on, false)).toBe(written);
  });

  test("stays where the option is the user's alone", () => {
    const options = tlsOptions(files, "dynamic").filter(({ of }) => of !== "sst");
    for (const text of ["", user, `${user}${ownBlock(options, undefined)}`]) {
      expect(withSstEncryption(text, true)).toBe(text);
    }
  });
});

describe("while a cluster is moved over", () => {
  async function adapting() {
    const dir = mkdtempSync(join(tmpdir(), "sst-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const cnf = join(dir, "galera.cnf");
    const clock = testClock();
    const { log, lines } = collect();
    const others: Speaks[] = [];
    const server = { isUp: false };
    const stop = new AbortController();
    const outcome = adaptSstEncryption(cnf, {
      ...{ clock, log, signal: stop.signal },
      ask: async () => [...others],
      isServerUp: async () => server.isUp,
    }).catch((reason: unknown) => reason);
    onTestFinished(async () => {
      stop.abort("the test is over");
      expect(await outcome).toBe("the test is over");
    });
    const answer = async (...answers: Speaks[]) => {
      others.splice(0, others.length, ...answers);
      await clock.advance(2500);
    };
    const mode = () => /^ssl-mode=(\w+)$/m.exec(readFileSync(cnf, "utf8").slice(user.length))?.[1];
    return { cnf, clock, lines, server, answer, mode };
  }

  test("the others decide, and whoever is silent leaves it as it is", async () => {
    const { cnf, lines, answer, mode } = await adapting();
    await answer("plain", "plain"); // before the first start: there is no file
    writeFileSync(cnf, written);
    await answer("tls", "plain");
    expect(mode()).toBe("DISABLED");
    await answer("tls", "nothing");
    expect(mode()).toBe("VERIFY_CA");
    await answer("nothing", "nothing");
    expect(mode()).toBe("VERIFY_CA");
    await answer("tls", "plain");
    expect(mode()).toBe("DISABLED");
    expect(lines).toEqual([
      "info: SST is not encrypted: there is a member without TLS",
      "info: SST is encrypted: all members that answer have TLS",
      "info: SST is not encrypted: there is a member without TLS",
    ]);
  });

  test("a start that writes the file anew is followed before its script runs", async () => {
    const { cnf, clock, answer, mode } = await adapting();
    writeFileSync(cnf, written);
    await answer("tls", "tls");
    writeFileSync(cnf, written);
    await clock.advance(200);
    expect(mode()).toBe("VERIFY_CA");
  });

  test("a file that cannot be used is told of once", async () => {
    const { cnf, lines, answer } = await adapting();
    writeFileSync(cnf, written);
    chmodSync(cnf, 0o666);
    await answer("tls");
    await answer("tls");
    expect(lines).toEqual([expect.stringMatching(/^error: .*galera.cnf is writable by everybody/)]);
    chmodSync(cnf, 0o644);
    await answer("tls");
    expect(lines.slice(1)).toEqual(["info: SST is encrypted: all members that answer have TLS"]);
  });

  test.each([
    ["is not there", undefined],
    ["is the image's", user],
  ])(
    "a galera.cnf that %s, while the server is up: told of once, with what to mount",
    async (_, text) => {
      const { cnf, lines, server, answer } = await adapting();
      if (text !== undefined) writeFileSync(cnf, text);
      await answer("tls", "tls");
      expect(lines).toEqual([]); // no server yet: a start is about to write it
      server.isUp = true;
      await answer("tls", "tls");
      await answer("tls", "plain");
      expect(lines).toEqual([
        `warn: the agent cannot have SST encrypted: the server's ${cnf} is not there for it: mount ${dirname(cnf)} as one volume in the server's container and in the agent's`,
      ]);
    },
  );

  test("an ssl-mode of the user's: SST stays as it is, and nothing else is said of it", async () => {
    const { cnf, lines, server, answer } = await adapting();
    const options = tlsOptions(files, "dynamic").filter(({ of }) => of !== "sst");
    const text = `${user}${ownBlock(options, undefined)}`;
    writeFileSync(cnf, text);
    server.isUp = true;
    await answer("tls", "tls");
    await answer("tls", "plain");
    expect(readFileSync(cnf, "utf8")).toBe(text);
    expect(lines).toEqual([
      `warn: the agent leaves SST as it is: ${cnf} has no ssl-mode of this program's, as you have set one, or the server's container has no GALERA_TLS=dynamic`,
    ]);
  });
});
