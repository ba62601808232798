/**
 * Memory accounting for what statements keep outside the caches: sorts, hash tables, results (work_mem). A budget says how
 * much its statement may still take; all budgets together stay below space.memoryMax. A refusal is no error: the statement
 * spills (spill-files.ts).
 *
 * Bytes are taken from the shared account in chunks, so that most calls touch the budget only.
 */

import { assert } from '../../../shm/assert.ts';
import { acquireLatch, releaseLatch } from '../../../shm/latch.ts';
import type { Bytes } from '../../../shm/types.ts';
import type { Space } from './space.ts';
import { setSpaceSharedMemoryUsed, spaceSharedMemoryUsed } from './space.layout.gen.ts';

const CHUNK_BYTES = 64 << 10;

export interface MemoryBudget {
  readonly space: Space;
  /** Most this budget may have. */
  readonly limit: Bytes;
  /** What its owner has taken. */
  used: Bytes;
  /** What it has from the shared account: used, and what is left of the last chunk. */
  granted: Bytes;
}

/** A budget of at most `limit` bytes. Given back as a whole by closeBudget(). */
export function openBudget(space: Space, limit: Bytes): MemoryBudget {
  return { space, limit, used: 0, granted: 0 };
}

/** Takes bytes; false when the budget or all budgets together are used up: nothing is taken then. */
export function takeMemory(budget: MemoryBudget, bytes: Bytes): boolean {
  const used = budget.used + bytes;
  if (used > budget.limit) return false;
  if (used > budget.granted && !grant(budget, used - budget.granted)) return false;
  budget.used = used;
  return true;
}

/** Gives bytes back; more than two chunks of them go back to the shared account. */
export function giveMemory(budget: MemoryBudget, bytes: Bytes): void {
  assert(bytes <= budget.used, 'what is given back was taken');
  budget.used -= bytes;
  if (budget.granted - budget.used > 2 * CHUNK_BYTES) settle(budget, budget.used + CHUNK_BYTES);
}

/** Gives everything back. */
export function closeBudget(budget: MemoryBudget): void {
  budget.used = 0;
  settle(budget, 0);
}

/** Bytes that all budgets have. */
export const memoryUsed = (space: Space): Bytes => spaceSharedMemoryUsed(space.shm.f64, space.shared);

function grant(budget: MemoryBudget, missing: Bytes): boolean {
  const { space } = budget;
  const { shm, shared } = space;
  acquireLatch(shm, shared);
  const used = spaceSharedMemoryUsed(shm.f64, shared);
  let bytes = Math.max(missing, CHUNK_BYTES);
  if (used + bytes > space.memoryMax) bytes = missing;
  const possible = used + bytes <= space.memoryMax;
  if (possible) setSpaceSharedMemoryUsed(shm.f64, shared, used + bytes);
  releaseLatch(shm, shared);
  if (possible) budget.granted += bytes;
  return possible;
}

function settle(budget: MemoryBudget, keep: Bytes): void {
  const { shm, shared } = budget.space;
  acquireLatch(shm, shared);
  setSpaceSharedMemoryUsed(shm.f64, shared, spaceSharedMemoryUsed(shm.f64, shared) - (budget.granted - keep));
  releaseLatch(shm, shared);
  budget.granted = keep;
}
