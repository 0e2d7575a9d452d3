import { expect, test } from "vitest";
import { ownBlock } from "../../../src/cnf/own-block.js";
import { tlsOptions } from "../../../src/server/options/tls.js";

const files = { ca: "/tls/ca.crt", cert: "/tls/tls.crt", key: "/tls/tls.key" };

function lines(mode: "on" | "dynamic"): string[] {
  const text = ownBlock(tlsOptions(files, mode), "gcache.size=1G");
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

const server = [
  "[mariadbd]",
  "ssl_ca=/tls/ca.crt",
  "ssl_cert=/tls/tls.crt",
  "ssl_key=/tls/tls.key",
];
const socket =
  "socket.ssl=yes; socket.ssl_ca=/tls/ca.crt; socket.ssl_cert=/tls/tls.crt; socket.ssl_key=/tls/tls.key";

test("on: replication, SST and clients", () => {
  expect(lines("on")).toEqual([
    ...server,
    `wsrep_provider_options="gcache.size=1G; ${socket}"`,
    "[sst]",
    "ssl-mode=VERIFY_CA",
    "[galera]",
  ]);
});

test("dynamic: whoever does without is taken, and SST is as they have it", () => {
  expect(lines("dynamic")).toEqual([
    ...server,
    `wsrep_provider_options="gcache.size=1G; ${socket}; socket.dynamic=true"`,
    "[sst]",
    "ssl-mode=DISABLED",
    "[galera]",
  ]);
});
