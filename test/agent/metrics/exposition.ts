/** A metric as a scrape gives it. */
export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** A histogram's with `_bucket`, `_sum` or `_count`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads Prometheus' text format; throws for a line that is none. */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  let current: { type: string; help: string; samples: Sample[] } | undefined;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === "HELP") {
      if (families.has(name)) throw new Error(`twice: ${name}`);
      current = { type: "", help: rest, samples: [] };
      families.set(name, current);
    } else if (keyword === "TYPE" && current !== undefined) current.type = rest;
    else current?.samples.push(parseSample(line));
  }
  return families;
}

function parseSample(line: string): Sample {
  const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`not a sample: ${line}`);
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = "", text = ""]) => [
    label,
    text,
  ]);
  const number = value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value);
  return { name, labels: Object.fromEntries(pairs), value: number };
}

/** The values of a metric without labels, or by the one label that it has. */
export function valuesOf(text: string, name: string): unknown {
  const samples = parseExposition(text).get(name)?.samples;
  if (samples === undefined) throw new Error(`no metric ${name}`);
  const [first] = samples;
  if (first === undefined) return undefined;
  if (Object.keys(first.labels).length === 0) return first.value;
  return Object.fromEntries(
    samples.map(({ labels, value }) => [Object.values(labels).join(" "), value]),
  );
}
