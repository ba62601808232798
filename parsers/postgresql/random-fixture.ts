/** Random numbers for tests, from a seed that is printed: SEED=7 runs the same again. */

/** The seed of a test, printed. */
export function seedFor(name: string): number {
  const seed = Number(process.env.SEED ?? 1);
  console.log(`${name}: SEED=${seed}`);
  return seed;
}

/** A function that gives whole numbers below its argument. */
export function randomOf(seed: number): (count: number) => number {
  let state = seed >>> 0;
  return (count) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count;
  };
}
