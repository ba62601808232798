/** The kernel as running code uses it (KernelAccess), for a thread that runs statements and for one that helps with them. */

import type { Helpers, KernelAccess } from '../plan/program.ts';
import { PoolHelpers } from '../jobs/helpers.ts';
import { readReferenced } from '../storage/overflow/overflow.ts';
import { changedRows } from './changed-rows.ts';
import type { Kernel } from './kernel.ts';
import { writeValue } from './undo-other.ts';

/** A class, for hot code looks into it: V8 keeps a literal that has an accessor as a dictionary. */
export class AccessedKernel implements KernelAccess {
  readonly parts: KernelAccess['parts'];
  readonly locks: KernelAccess['locks'];
  readonly helpers: Helpers | null;
  readonly #overflow: Kernel['parts']['overflow'];
  readonly #changes: Kernel['parts']['changedRows'];
  readonly #workMemory: () => number;

  constructor({ parts }: Kernel, workMemory: () => number, helpers: Helpers | null) {
    this.parts = parts.txns;
    this.locks = parts.locks;
    this.helpers = helpers;
    this.#overflow = parts.overflow;
    this.#changes = parts.changedRows;
    this.#workMemory = workMemory;
  }

  overflowWriter(...[tx, runtime]: Parameters<KernelAccess['overflowWriter']>): ReturnType<KernelAccess['overflowWriter']> {
    return (bytes) => writeValue(tx, this.#overflow, runtime, bytes);
  }

  overflowFetch(): ReturnType<KernelAccess['overflowFetch']> {
    return (i32, reference) => readReferenced(this.#overflow, i32, reference);
  }

  changed(...[tx, table, rows]: Parameters<NonNullable<KernelAccess['changed']>>): void {
    changedRows(this.#changes, tx, table, rows);
  }

  get workMemory(): number {
    return this.#workMemory();
  }
}

/** The pool as a thread reaches it; null: the database has none. */
export function helpersOf({ jobs, handle }: Kernel): PoolHelpers | null {
  const { poolThreads } = handle.settings;
  const { directory, databaseHigh, databaseLow, boot } = handle.place;
  return poolThreads === 0
    ? null
    : new PoolHelpers(jobs, `scratchbird ${databaseHigh} ${databaseLow} ${boot} ${directory}`, poolThreads);
}
