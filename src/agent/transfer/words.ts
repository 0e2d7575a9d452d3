/*
 * An SST in words, for the log and for `status`. Pure.
 */
import { age } from "../../system/age.js";
import type { Receiving } from "./transfer.js";

const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `512 B`, `3.4 GiB`, `85 MiB`. */
export function formatBytes(bytes: number): string {
  const unit = unitOf(bytes);
  return `${inUnit(bytes, unit)} ${units[unit]}`;
}

function unitOf(bytes: number): number {
  let unit = 0;
  // 1023.6 MiB would be 1024 of them in print.
  while (unit < units.length - 1 && bytes / 1024 ** unit >= 1023.5) unit += 1;
  return unit;
}

function inUnit(bytes: number, unit: number): string {
  const amount = bytes / 1024 ** unit;
  return unit === 0 || amount >= 9.95 ? `${Math.round(amount)}` : amount.toFixed(1);
}

/** `1.2 of 3.4 GiB`, `85 MiB of 3.4 GiB`. */
function part(bytes: number, totalBytes: number): string {
  const unit = unitOf(totalBytes);
  const isSame = unitOf(bytes) === unit;
  return `${isSame ? inUnit(bytes, unit) : formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
}

/** ` from galera-2`, as far as that is known. */
export function from({ donor }: Pick<Receiving, "donor">): string {
  return donor === undefined ? "" : ` from ${donor}`;
}

/** What a joiner does: `receiving 1.2 of 3.4 GiB from galera-2 (35 %, 85 MiB/s, about 26 s left)`. */
export function formatReceiving(receiving: Receiving): string {
  const { stage, bytes, totalBytes } = receiving;
  if (stage === "waiting") {
    return `waiting for ${totalBytes === undefined ? "data" : formatBytes(totalBytes)}${from(receiving)}`;
  }
  if (stage === "preparing") return `preparing ${formatBytes(bytes)}${from(receiving)}`;
  const amount = totalBytes === undefined ? formatBytes(bytes) : part(bytes, totalBytes);
  const details = [percentage(receiving), speed(receiving), left(receiving)].filter(Boolean);
  const rest = details.length === 0 ? "" : ` (${details.join(", ")})`;
  return `receiving ${amount}${from(receiving)}${rest}`;
}

/** It is not all there until it has ended; the donor's data may have become more, or less. */
function percentage({ bytes, totalBytes }: Receiving): string | undefined {
  if (!totalBytes) return undefined;
  return `${Math.min(99, Math.floor((bytes / totalBytes) * 100))} %`;
}

function speed({ bytesPerSecond }: Receiving): string | undefined {
  return bytesPerSecond === undefined ? undefined : `${formatBytes(bytesPerSecond)}/s`;
}

function left({ bytes, totalBytes, bytesPerSecond }: Receiving): string | undefined {
  if (totalBytes === undefined || !bytesPerSecond || bytes >= totalBytes) return undefined;
  const leftMs = ((totalBytes - bytes) / bytesPerSecond) * 1000;
  return `about ${age(Math.max(1000, leftMs))} left`;
}
