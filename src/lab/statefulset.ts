/*
 * Which pods there shall be, as a StatefulSet has it. OrderedReady: created one after the other, each
 * once all before it are ready, and removed from the highest ordinal down. Parallel: all at once.
 */
import { isReady, type Pod } from "./pod-life.js";

export type Policy = "OrderedReady" | "Parallel";

export interface Wanted {
  readonly replicas: number;
  readonly policy: Policy;
  /** Ordinals whose pod finds no node: one that is there goes, and none is created. */
  readonly stopped: ReadonlySet<number>;
}

export type SetAction =
  | { readonly kind: "create"; readonly ordinal: number }
  | { readonly kind: "delete"; readonly pod: Pod };

/** What is to be done now. Every action changes what it was decided on, so none comes twice. */
export function reconcile(pods: readonly Pod[], wanted: Wanted): readonly SetAction[] {
  const { replicas, stopped } = wanted;
  const stays = (pod: Pod) => pod.end !== undefined || !stopped.has(pod.ordinal);
  const unwanted = pods.filter((pod) => pod.ordinal < replicas && !stays(pod));
  return [...unwanted.map((pod) => ({ kind: "delete", pod }) as const), ...scale(pods, wanted)];
}

function scale(pods: readonly Pod[], wanted: Wanted): readonly SetAction[] {
  switch (wanted.policy) {
    case "OrderedReady":
      return scaleOrdered(pods, wanted);
    case "Parallel":
      return scaleParallel(pods, wanted);
    default:
      return wanted.policy satisfies never;
  }
}

function scaleOrdered(pods: readonly Pod[], { replicas, stopped }: Wanted): readonly SetAction[] {
  const [highest] = [...pods].sort((a, b) => b.ordinal - a.ordinal);
  if (highest !== undefined && highest.ordinal >= replicas) {
    return highest.end === undefined ? [{ kind: "delete", pod: highest }] : [];
  }
  for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
    const pod = pods.find((other) => other.ordinal === ordinal);
    if (pod === undefined) return stopped.has(ordinal) ? [] : [{ kind: "create", ordinal }];
    if (!isReady(pod)) return [];
  }
  return [];
}

function scaleParallel(pods: readonly Pod[], { replicas, stopped }: Wanted): readonly SetAction[] {
  const tooMany = pods.filter(({ ordinal, end }) => ordinal >= replicas && end === undefined);
  const missing = Array.from({ length: replicas }, (_, ordinal) => ordinal).filter(
    (ordinal) => !stopped.has(ordinal) && pods.every((pod) => pod.ordinal !== ordinal),
  );
  return [
    ...tooMany.map((pod) => ({ kind: "delete", pod }) as const),
    ...missing.map((ordinal) => ({ kind: "create", ordinal }) as const),
  ];
}
