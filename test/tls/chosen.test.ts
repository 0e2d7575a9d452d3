import { expect, test } from "vitest";
import { chosenTls } from "../../src/tls/chosen.js";

test("a directory means on, unless it is dynamic; nothing means nothing", () => {
  expect(chosenTls({})).toBeUndefined();
  expect(chosenTls({ tlsDir: "/tls" })).toEqual({ dir: "/tls", mode: "on" });
  expect(chosenTls({ tlsDir: "/tls", tls: "dynamic" })).toEqual({ dir: "/tls", mode: "dynamic" });
});

test.each(["on", "dynamic"] as const)("%s without a directory is refused", (tls) => {
  expect(() => chosenTls({ tls })).toThrow(
    `GALERA_TLS (--tls) is ${tls}, and there is no GALERA_TLS_DIR (--tls-dir) with ca.crt, tls.crt and tls.key`,
  );
});
