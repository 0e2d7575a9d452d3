/**
 * A domain name as this program keeps it: lower case, no final dot. RFC 1035, section 2.3.4 bounds
 * labels to 63 and names to 253 characters; RFC 1123 gives the alphabet (`_` is let through, since
 * clusters name things with it).
 *
 * @returns undefined for a name that no host can have: such a name from DNS must never reach a
 *   file, a hook or a log
 */
export function hostName(text: string): string | undefined {
  // First, since toLowerCase makes ASCII of letters that are none, such as the Kelvin sign.
  if (!/^[\w.-]{1,254}$/.test(text)) return undefined;
  const name = text.toLowerCase().replace(/\.$/, "");
  return name.length <= 253 && name.split(".").every(isLabel) ? name : undefined;
}

/** One label of a host name, in lower case. */
export function isLabel(text: string): boolean {
  return /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(text);
}

/** The first label: a pod's name in a headless service. */
export function firstLabel(name: string): string {
  return name.split(".", 1)[0] ?? name;
}
