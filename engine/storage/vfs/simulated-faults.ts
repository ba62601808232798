/**
 * What goes wrong on the simulated disk, and when: the plan of a test, and the counters it is measured by.
 *
 * All counts in a plan start at the call that sets it: `failSync: 1` is the next sync. A fault happens once.
 */

/** Thrown by the operation at which the machine goes down, and by every one after it. Not an error of the engine. */
export class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash';
}

/** What a failed sync leaves behind. */
export type FailedSync =
  /** Nothing is written and all of it stays to be written by the next sync. */
  | 'keepsDirty'
  /** Chance decides what is written; the rest counts as written, is seen by reads, and never reaches the disk (Linux). */
  | 'dropsDirty'
  /** The same, and reads see what is on the disk. */
  | 'revertsToDisk';

export interface FaultPlan {
  /** So many changes (see SimulatedVfs.operations) still end well; the next is begun, and the machine goes down in it. */
  crashAfter?: number;
  /** Bytes that may still be written to new places; null: without limit. */
  freeBytes?: number | null;
  /** The nth read, write or sync from now on fails with 58030 (of files that `only` names). */
  failRead?: number;
  failWrite?: number;
  failSync?: number;
  /** The nth read from now on returns too little, as if the file ended there. */
  shortRead?: number;
  /** Part of the paths that failRead, failWrite, failSync and shortRead count; '' (which it is at first): all files. */
  only?: string;
  failedSync?: FailedSync;
  /** syncLater() is answered by completeSyncs() only, and not by itself soon after. */
  holdSyncs?: boolean;
}

type Counted = 'failRead' | 'failWrite' | 'failSync' | 'shortRead';

export class SimulatedFaults {
  failedSync: FailedSync = 'dropsDirty';
  holdSyncs = false;
  /** Changes until the machine goes down. */
  #crashIn = Number.POSITIVE_INFINITY;
  #only = '';
  readonly #left: Record<Counted, number> = { failRead: 0, failWrite: 0, failSync: 0, shortRead: 0 };

  /** Takes over what the plan names, and leaves the rest as it was. */
  plan(plan: FaultPlan): void {
    if (plan.crashAfter !== undefined) this.#crashIn = plan.crashAfter;
    if (plan.only !== undefined) this.#only = plan.only;
    if (plan.failedSync !== undefined) this.failedSync = plan.failedSync;
    if (plan.holdSyncs !== undefined) this.holdSyncs = plan.holdSyncs;
    for (const name of Object.keys(this.#left) as Counted[]) {
      const count = plan[name];
      if (count !== undefined) this.#left[name] = count;
    }
  }

  /** Counts a change; true: the machine goes down in it. */
  crashesNow(): boolean {
    return this.#crashIn-- <= 0;
  }

  /** Counts an operation on a file; true: it is the one the plan means. */
  hits(name: Counted, path: string): boolean {
    if (this.#left[name] === 0 || !path.includes(this.#only)) return false;
    return --this.#left[name] === 0;
  }
}
