/** How long something has lasted, for people: `12 s`, `3 min`, `2 h 5 min`, `4 d 1 h`. */
export function age(ms: number): string {
  const [s, min, h] = [1000, 60_000, 3_600_000].map((unit) => Math.floor(ms / unit)) as Three;
  if (min < 2) return `${s} s`;
  if (h < 1) return `${min} min`;
  return h < 48 ? `${h} h ${min % 60} min` : `${Math.floor(h / 24)} d ${h % 24} h`;
}

type Three = [number, number, number];
