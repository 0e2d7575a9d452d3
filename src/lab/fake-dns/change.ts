import type { Faults } from "./faults.js";
import { type Member, memberText } from "./zone.js";

/** `DNS members: +galera-1=127.0.7.2; now galera-0 galera-1`: what a log says of a change. */
export function membersChange(
  before: readonly Member[],
  after: readonly Member[],
  { lagMs }: Pick<Faults, "lagMs">,
): string {
  const [had, has] = [before.map(memberText), after.map(memberText)];
  const changes = [
    ...had.filter((text) => !has.includes(text)).map((text) => `-${text}`),
    ...has.filter((text) => !had.includes(text)).map((text) => `+${text}`),
  ];
  const what = changes.join(" ") || "another order";
  const now = after.map(({ name }) => name).join(" ") || "nobody";
  return `DNS members: ${what}; now ${now}${lagMs > 0 ? ` (visible in ${lagMs} ms)` : ""}`;
}
