/** How threads of a benchmark begin together, and work for a time. */

const MEETING_TIMEOUT_MS = 30_000;

/** All threads of a turn leave this at once. */
export function meet(meeting: Int32Array, party: number): void {
  if (Atomics.add(meeting, 0, 1) + 1 === party) {
    Atomics.notify(meeting, 0);
    return;
  }
  const until = performance.now() + MEETING_TIMEOUT_MS;
  for (let seen = Atomics.load(meeting, 0); seen < party; seen = Atomics.load(meeting, 0)) {
    Atomics.wait(meeting, 0, seen, 100);
    if (performance.now() > until) throw new Error('the other thread does not come');
  }
}

/** Calls `body` until the time is up; returns how often a second it did what it counts. */
export function workFor(milliseconds: number, body: () => number): number {
  const start = performance.now();
  let operations = 0;
  let passed = 0;
  do {
    operations += body();
    passed = performance.now() - start;
  } while (passed < milliseconds);
  return (operations * 1000) / passed;
}
