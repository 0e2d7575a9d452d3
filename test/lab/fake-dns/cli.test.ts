import { expect, test } from "vitest";
import { fakeDnsCommand } from "../../../src/cli/fake-dns.js";
import type { FakeDnsOptions } from "../../../src/lab/fake-dns/options.js";

async function parse(...argv: string[]): Promise<FakeDnsOptions | undefined> {
  let parsed: FakeDnsOptions | undefined;
  const command = fakeDnsCommand(async (options) => {
    parsed = options;
    return 0;
  });
  await command.parseAsync(argv, { from: "user" });
  return parsed;
}

test("members alone", async () => {
  expect(await parse("galera-0=127.0.7.1", "galera-1=127.0.7.2")).toEqual({
    members: ["galera-0=127.0.7.1", "galera-1=127.0.7.2"],
  });
});

test("every flag, repeated ones as lists, an event with a dash as it is", async () => {
  const argv =
    "--listen [::1]:0 --service s --namespace n --domain d --port-name a=1 --port-name b=2 --ttl 1 " +
    "--file f --lag 1s --delay 2s --drop all --servfail --nxdomain --truncate --stale";
  const events = ["--at", "+2s galera-1", "--at", "-8s galera-0"];
  expect(await parse(...argv.split(" "), ...events)).toEqual({
    members: [],
    listen: "[::1]:0",
    service: "s",
    namespace: "n",
    domain: "d",
    portName: ["a=1", "b=2"],
    ttl: "1",
    file: "f",
    at: ["+2s galera-1", "-8s galera-0"],
    lag: "1s",
    delay: "2s",
    drop: "all",
    servfail: true,
    nxdomain: true,
    truncate: true,
    stale: true,
  });
});
