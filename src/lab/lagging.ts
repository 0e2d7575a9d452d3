import type { Clock } from "../system/clock.js";

/** A value whose changes show only after a while, as what controllers publish in Kubernetes. */
export interface Lagging<T> {
  set(value: T): void;
  /** What shows now. */
  current(): T;
}

export function lagging<T>(first: T, lagMs: number, { now }: Pick<Clock, "now">): Lagging<T> {
  let versions: readonly { readonly fromMs: number; readonly value: T }[] = [];
  let shown = first;
  const current = () => {
    const due = versions.filter(({ fromMs }) => fromMs <= now());
    versions = versions.slice(due.length);
    for (const { value } of due) shown = value;
    return shown;
  };
  return {
    current,
    set: (value) => {
      current();
      versions = [...versions, { fromMs: now() + lagMs, value }];
    },
  };
}
