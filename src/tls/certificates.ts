/*
 * Whether certificate, key and authority will do, as OpenSSL judges: in the server, in Galera, in the
 * SST scripts' socat and in the agent.
 */
import type { KeyObject, X509Certificate } from "node:crypto";
import { messageOf } from "../system/failure.js";
import type { TlsFiles, TlsPem } from "./files.js";

export interface Examined {
  /** A line for each; empty texts have been told of by whoever could not read them. */
  readonly problems: readonly string[];
  readonly warning: string | undefined;
}

/** A certificate, and the file that it stands in. */
interface Link {
  readonly certificate: X509Certificate;
  readonly file: string;
}

/** @param nowMs the wall clock's time */
export function examine(files: TlsFiles, pem: TlsPem, nowMs: number): Examined {
  const authorities = readCertificates(files.ca, pem.ca);
  const own = readCertificates(files.cert, pem.cert);
  const key = readKey(files.key, pem.key);
  const problems = [authorities, own, key].flatMap((read) =>
    typeof read === "string" ? read : [],
  );
  if (typeof own === "string") return { problems, warning: undefined };
  const [leaf] = own;
  if (leaf === undefined) return { problems, warning: undefined };
  if (typeof key === "object" && !leaf.certificate.checkPrivateKey(key)) {
    problems.push(`${files.cert} and ${files.key} do not belong together: that is another key`);
  }
  problems.push(...purposeOf(leaf));
  const known = typeof authorities === "string" ? [] : authorities;
  const chain = known.length === 0 ? [leaf] : chainOf(leaf, [...known, ...own], nowMs);
  if (known.length > 0) problems.push(...trustIn(chain, known, files));
  problems.push(...chain.flatMap((link) => validity(link, nowMs)));
  return { problems, warning: problems.length > 0 ? undefined : expiringSoon(chain, nowMs) };
}

/** Loaded by who has TLS only: it takes longer than a look-up. */
function crypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}

/** All of a file; a text that says what is wrong; none of an empty one. */
function readCertificates(file: string, text: string): readonly Link[] | string {
  if (text === "") return [];
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return `${file} holds no certificate in PEM form`;
  try {
    const { X509Certificate } = crypto();
    return blocks.map((block) => ({ certificate: new X509Certificate(block), file }));
  } catch (error) {
    return `${file} holds a certificate that cannot be read: ${messageOf(error)}`;
  }
}

function readKey(file: string, text: string): KeyObject | string | undefined {
  if (text === "") return undefined;
  try {
    return crypto().createPrivateKey(text);
  } catch {
    return `${file} holds no private key in PEM form that needs no passphrase`;
  }
}

/** Extended key usage of id-kp-serverAuth and id-kp-clientAuth (RFC 5280, 4.2.1.12). */
const purposes = { "server auth": "1.3.6.1.5.5.7.3.1", "client auth": "1.3.6.1.5.5.7.3.2" };

/** Each member is both: who connects proves itself too. A certificate without purposes is for all. */
function purposeOf({ certificate: { keyUsage }, file }: Link): string[] {
  if (keyUsage === undefined) return [];
  return Object.entries(purposes).flatMap(([name, id]) =>
    keyUsage.includes(id)
      ? []
      : `${file} is not for ${name}: members connect to each other both ways (in a cert-manager Certificate: usages: [server auth, client auth])`,
  );
}

/** Nobody signs in a longer row. */
const longestChain = 10;

/** From a certificate upwards, as far as it goes. */
function chainOf(leaf: Link, all: readonly Link[], nowMs: number): readonly Link[] {
  const chain = [leaf];
  while (chain.length < longestChain) {
    const { certificate } = chain.at(-1) ?? leaf;
    if (isSignedBy(certificate, certificate)) break;
    const issuers = all.filter(
      (one) => one.certificate.ca && isSignedBy(certificate, one.certificate),
    );
    // An authority that was renewed with its old key stands there twice.
    const issuer = issuers.find((one) => validity(one, nowMs).length === 0) ?? issuers[0];
    if (issuer === undefined) break;
    chain.push(issuer);
  }
  return chain;
}

function isSignedBy(certificate: X509Certificate, by: X509Certificate): boolean {
  return certificate.checkIssued(by) && certificate.verify(by.publicKey);
}

/** OpenSSL follows a chain to an authority that has signed itself, which has to be a known one. */
function trustIn(chain: readonly Link[], known: readonly Link[], files: TlsFiles): string[] {
  const last = chain.at(-1)?.certificate;
  if (last === undefined) return [];
  const isKnown = known.some((one) => one.certificate.fingerprint256 === last.fingerprint256);
  const isRoot = isSignedBy(last, last);
  if (isKnown && isRoot) return [];
  if (isKnown) {
    return [
      `${files.ca} ends with ${nameOf(last)}, which another authority has signed: put that one's certificate there too`,
    ];
  }
  const of = chain.length === 1 ? "" : `, nor is ${nameOf(last)} above it`;
  return [
    `${files.cert} is not signed by an authority in ${files.ca}${of}: take both from one issuer, with the intermediate certificates in ${files.cert}`,
  ];
}

function validity({ certificate, file }: Link, nowMs: number): string[] {
  const { validFromDate, validToDate } = certificate;
  const what = `${file}: ${nameOf(certificate)}`;
  if (nowMs > validToDate.getTime()) {
    return [`${what} has expired at ${timeOf(validToDate)}: renew it`];
  }
  if (nowMs < validFromDate.getTime()) {
    const now = timeOf(new Date(nowMs));
    return [
      `${what} is not valid before ${timeOf(validFromDate)}, and this host's clock is ${now}`,
    ];
  }
  return [];
}

const dayMs = 86_400_000;

/** What nobody has renewed a week before, or in the last quarter of a short life. */
function expiringSoon(chain: readonly Link[], nowMs: number): string | undefined {
  const soon = chain.find(({ certificate: { validFromDate, validToDate } }) => {
    const leftMs = validToDate.getTime() - nowMs;
    return leftMs < Math.min(7 * dayMs, (validToDate.getTime() - validFromDate.getTime()) / 4);
  });
  if (soon === undefined) return undefined;
  const { certificate, file } = soon;
  return `${file}: ${nameOf(certificate)} expires at ${timeOf(certificate.validToDate)}, and has not been renewed: without it, no member starts or joins`;
}

function nameOf({ subject, serialNumber }: X509Certificate): string {
  const name = (subject ?? "").split("\n").join(", "); // cert-manager's may have none
  return name === "" ? `the certificate ${serialNumber}` : name;
}

function timeOf(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
