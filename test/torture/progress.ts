/** Whether a story goes on: who watches it (simulated-run.ts) is told now and then, as long as steps are taken. */

let toldAt = 0;
let tell: (() => void) | null = null;

/** Milliseconds between two words to who watches. */
const TELL_EVERY = 1000;

/** From now on `told` is called now and then, as long as steps are taken. */
export function whenSteppingOn(told: () => void): void {
  tell = told;
}

/** The story has taken a step. */
export function stepTaken(): void {
  if (tell === null) return;
  const now = performance.now();
  if (now - toldAt < TELL_EVERY) return;
  toldAt = now;
  tell();
}
