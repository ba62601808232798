/**
 * Analysis: the transactions that have written records and no end record yet, with the place of their last record. At the
 * end of the log these are the losers (SM-W9). Hot: called for every record; no object per record.
 *
 * Few are open at once (1,024 slots), so the table is small and searched by a hash; entries leave when they end.
 */

import { assert } from '../../../shm/assert.ts';

/** Far above the number of transaction slots of any database. */
const CAPACITY = 1 << 16;
const MASK = CAPACITY - 1;

export interface OpenTransactions {
  count: number;
  /** Transaction number, 0 = free place. */
  numbers: Uint32Array;
  lastLsn: Float64Array;
  /** The place that was found last: runs of records of one transaction are the rule. */
  recent: number;
}

export const makeOpenTransactions = (): OpenTransactions => ({
  count: 0,
  numbers: new Uint32Array(CAPACITY),
  lastLsn: new Float64Array(CAPACITY),
  recent: 0,
});

const homeOf = (transaction: number): number => (Math.imul(transaction, 0x9e3779b1) >>> 9) & MASK;

function find(table: OpenTransactions, transaction: number): number {
  let at = homeOf(transaction);
  while (table.numbers[at] !== 0 && table.numbers[at] !== transaction) at = (at + 1) & MASK;
  return at;
}

/** A record of this transaction begins at lsn[0]. */
export function noteRecord(table: OpenTransactions, transaction: number, lsn: Float64Array): void {
  let at = table.recent;
  if (table.numbers[at] !== transaction) {
    at = find(table, transaction);
    if (table.numbers[at] === 0) {
      assert(table.count < CAPACITY / 2, 'no more transactions are open than there can be slots');
      table.count++;
      table.numbers[at] = transaction;
    }
    table.recent = at;
  }
  table.lastLsn[at] = lsn[0];
}

/** It has an end record. */
export function noteEnd(table: OpenTransactions, transaction: number): void {
  let gap = find(table, transaction);
  if (table.numbers[gap] === 0) return;
  table.count--;
  // Entries behind the gap move up, so that a search need not step over marks of the dead.
  for (let at = (gap + 1) & MASK; table.numbers[at] !== 0; at = (at + 1) & MASK) {
    const home = homeOf(table.numbers[at]);
    if (((at - home) & MASK) < ((at - gap) & MASK)) continue;
    table.numbers[gap] = table.numbers[at];
    table.lastLsn[gap] = table.lastLsn[at];
    gap = at;
  }
  table.numbers[gap] = 0;
  table.recent = gap;
}

export interface Loser {
  transaction: number;
  /** Start of the record to undo next, 0 when all is undone. */
  undoNext: number;
  /** Of that record, of several rows, only the first so many are left to undo; 0: all. */
  left: number;
  /** The compensation record that says so. */
  leftBy: number;
}

/** Those still open. */
export function listOpen(table: OpenTransactions): Loser[] {
  const losers: Loser[] = [];
  if (table.count === 0) return losers;
  for (let at = 0; at < CAPACITY; at++) {
    if (table.numbers[at] !== 0) losers.push({ transaction: table.numbers[at], undoNext: table.lastLsn[at], left: 0, leftBy: 0 });
  }
  return losers;
}
