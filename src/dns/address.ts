/*
 * Not `net.isIP`: node:net and its check of IPv6 cost a start 5 ms.
 */

/** Whether a text is an IPv4 or IPv6 address, a zone (`fe80::1%eth0`) let through. */
export function isAddress(text: string): boolean {
  if (!isV6(text)) return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
  const [, address] = /^([\da-f:.]+)(?:%[\w.-]+)?$/i.exec(text) ?? [];
  return address !== undefined && URL.canParse(`http://[${address}]`);
}

/** Whether an address, known to be one, is of IPv6. */
export function isV6(address: string): boolean {
  return address.includes(":");
}

/** Whether others reach an address of IPv6: loopback and link-local ones are everybody's own. */
export function isReachableV6(address: string): boolean {
  return isV6(address) && !/^(?:::1$|fe[89ab])/i.test(canonicalAddress(address));
}

/**
 * The one form of an address that others are compared with: of IPv6 that of RFC 5952, without a
 * zone, as the kernel and Kubernetes write it. dns-packet shortens the first run of zeros instead.
 */
export function canonicalAddress(address: string): string {
  if (!isV6(address)) return address;
  const bare = address.replace(/%.*$/, "");
  return URL.parse(`http://[${bare}]`)?.hostname.slice(1, -1) ?? bare.toLowerCase();
}
