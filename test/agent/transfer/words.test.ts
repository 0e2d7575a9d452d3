import { expect, test } from "vitest";
import type { Receiving } from "../../../src/agent/transfer/transfer.js";
import { formatBytes, formatReceiving } from "../../../src/agent/transfer/words.js";

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [10_188, "9.9 KiB"],
  [10_189, "10 KiB"],
  [1023.6 * MiB, "1.0 GiB"],
  [3.4 * GiB, "3.4 GiB"],
  [85 * MiB, "85 MiB"],
  [5000 * GiB, "4.9 TiB"],
  [5e6 * GiB, "4883 TiB"],
])("%d bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

const whole: Receiving = {
  ...{ role: "joiner", stage: "receiving", donor: "galera-2", bytes: 1.2 * GiB },
  ...{ totalBytes: 3.4 * GiB, bytesPerSecond: 85 * MiB },
};

test.each<[string, Partial<Receiving>, string]>([
  ["whole", {}, "receiving 1.2 of 3.4 GiB from galera-2 (35 %, 85 MiB/s, about 26 s left)"],
  [
    "at the beginning",
    { bytes: 12 * MiB },
    "receiving 12 MiB of 3.4 GiB from galera-2 (0 %, 85 MiB/s, about 40 s left)",
  ],
  [
    "before it has a rate",
    { bytesPerSecond: undefined },
    "receiving 1.2 of 3.4 GiB from galera-2 (35 %)",
  ],
  [
    "almost all",
    { bytes: 3.39 * GiB },
    "receiving 3.4 of 3.4 GiB from galera-2 (99 %, 85 MiB/s, about 1 s left)",
  ],
  ["standing still", { bytesPerSecond: 0 }, "receiving 1.2 of 3.4 GiB from galera-2 (35 %, 0 B/s)"],
  ["no size", { totalBytes: undefined }, "receiving 1.2 GiB from galera-2 (85 MiB/s)"],
  [
    "no donor that tells",
    { donor: undefined, totalBytes: undefined },
    "receiving 1.2 GiB (85 MiB/s)",
  ],
  [
    "all, and not at its end",
    { bytes: 3.4 * GiB },
    "receiving 3.4 of 3.4 GiB from galera-2 (99 %, 85 MiB/s)",
  ],
  [
    "more than the donor had",
    { bytes: 4 * GiB },
    "receiving 4.0 of 3.4 GiB from galera-2 (99 %, 85 MiB/s)",
  ],
  ["waiting", { stage: "waiting", bytes: 0 }, "waiting for 3.4 GiB from galera-2"],
  [
    "waiting for nobody knows whom",
    { stage: "waiting", bytes: 0, donor: undefined, totalBytes: undefined },
    "waiting for data",
  ],
  ["preparing", { stage: "preparing", bytes: 3.4 * GiB }, "preparing 3.4 GiB from galera-2"],
])("%s", (_, patch, text) => expect(formatReceiving({ ...whole, ...patch })).toBe(text));
