/**
 * Memory of stores that keep it for their next run: so much a thread, and the oldest is let go first. A thread knows a thousand
 * statements, each with as many stores as it joins tables.
 */

export interface KeepsMemory {
  /** Lets go of what it has kept. */
  forget(): void;
}

const KEPT_BYTES = 16 << 20;

const kept = new Map<KeepsMemory, number>();
let keptBytes = 0;

/** Bytes that the stores of this thread keep now. */
export const keptMemory = (): number => keptBytes;

/** The store's run has ended; it keeps so many bytes. */
export function keepMemory(store: KeepsMemory, bytes: number): void {
  takeMemory(store);
  kept.set(store, bytes);
  keptBytes += bytes;
  for (const [oldest] of kept) {
    if (keptBytes <= KEPT_BYTES) return;
    takeMemory(oldest);
    oldest.forget();
  }
}

/** The store runs again. */
export function takeMemory(store: KeepsMemory): void {
  const bytes = kept.get(store);
  if (bytes === undefined) return;
  kept.delete(store);
  keptBytes -= bytes;
}
