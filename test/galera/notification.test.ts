import { expect, test } from "vitest";
import { parseNotification } from "../../src/galera/notification.js";

const uuid = "6b1f4c5e-0b5a-11f0-9d2c-3a8f1e2d4c5b";
const zero = "00000000-0000-0000-0000-000000000000";
const one = `${uuid}/galera-0/10.1.2.3:0`;
const two = `${one},7c2a5d6f-0b5a-11f0-8e3d-4b9a2f3e5d6c/galera-1/10.1.2.4:0`;

/** As the server calls it over the life of a member. */
test.each<[string, string, object]>([
  [
    "a founder",
    `--status joined --uuid ${uuid} --primary yes --index 0 --members ${one}`,
    { status: "joined", uuid, primary: true, index: 0, members: ["galera-0"] },
  ],
  [
    "a donor",
    `--status donor --uuid ${uuid} --primary yes --index 0 --members ${two}`,
    { status: "donor", members: ["galera-0", "galera-1"] },
  ],
  [
    "a view that an IST replays",
    `--status initialized --uuid ${uuid} --primary yes --index -1 --members ${one}`,
    { status: "initialized", primary: true, index: -1 },
  ],
  [
    "without a primary component, before the states are exchanged",
    `--status connected --uuid ${uuid} --primary no --index 0 --members ${one},${uuid}/unspecified/unspecified`,
    { status: "connected", primary: false, members: ["galera-0"] },
  ],
  [
    "a clean stop: no members at all",
    `--status disconnected --uuid ${uuid} --primary no --index -1`,
    { status: "disconnected", primary: false, index: -1, members: [] },
  ],
  [
    "more data than the primary component: all that is ever called",
    `--status disconnected --uuid ${zero} --primary no --index -1`,
    { status: "disconnected", uuid: zero, members: [] },
  ],
])("%s", (_, words, notification) => {
  expect(parseNotification(words.split(" "))).toMatchObject(notification);
});
