/** Chance, handed in: from the machine in production, from a printed seed in tests. */

/** A source of random numbers. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [0, bound). */
  below(bound: number): number;
  /** A random UUID (RFC 9562, version 4) in its usual text form. */
  uuid(): string;
}

/** Chance from the operating system. */
export const systemRandom: Random = {
  next: () => Math.random(),
  below: (bound) => Math.floor(Math.random() * bound),
  uuid: () => crypto.randomUUID(),
};

/** The same numbers for the same seed (xorshift128+ started by splitmix32). */
export function seededRandom(seed: number): Random {
  const state = new Uint32Array(4);
  let mix = seed >>> 0;
  for (let i = 0; i < 4; i++) {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    state[i] = (z ^ (z >>> 16)) >>> 0;
  }
  const word = (): number => {
    let t = state[3] ?? 0;
    const s = state[0] ?? 0;
    state[3] = state[2] ?? 0;
    state[2] = state[1] ?? 0;
    state[1] = s;
    t ^= t << 11;
    t ^= t >>> 8;
    state[0] = t ^ s ^ (s >>> 19);
    return state[0] ?? 0;
  };
  const next = (): number => word() / 0x1_0000_0000;
  const hex = (): string => word().toString(16).padStart(8, "0");
  return {
    next,
    below: (bound) => Math.floor(next() * bound),
    uuid() {
      const h = hex() + hex() + hex() + hex();
      const variant = ((Number.parseInt(h.charAt(16), 16) & 3) | 8).toString(16);
      return [
        h.slice(0, 8),
        h.slice(8, 12),
        `4${h.slice(13, 16)}`,
        variant + h.slice(17, 20),
        h.slice(20),
      ].join("-");
    },
  };
}
