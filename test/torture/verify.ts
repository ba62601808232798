/**
 * Compares an open database with the model: what every session must have after the number of transactions that its progress
 * row tells, and that this number lies between what was acknowledged and what was begun.
 *
 * Rows are compared over every way to them: full scan, each by its id, and the ranges of all indexes, forward and backward.
 */

import type { Kernel } from '../../engine/api/kernel.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { REPEATABLE_READ, type Transaction } from '../../engine/txn/transactions.ts';
import { expect } from './failure.ts';
import {
  applyTransaction,
  BANK_ROWS,
  BANK_START,
  KEYS,
  type ModelRows,
  type ModelSizes,
  planTransaction,
  rowOfVersion,
} from './model.ts';
import { findTables, findValues, ITEM_INDEXES, itemValues, read, sameValues, showValues, type TortureTables } from './tables.ts';

/** A session as it was last known for certain, and what happened since. */
export interface SessionKnown {
  /** Transactions it had at the last verification. */
  number: number;
  /** Its rows then: key and version. */
  rows: [number, number][];
  /** Since then: highest transaction that was acknowledged, and that was begun. */
  acknowledged: number;
  begun: number;
}

export interface Known {
  readonly seed: number;
  readonly sizes: ModelSizes;
  /** The creation of the tables was acknowledged. */
  created: boolean;
  /** Highest value of a sequence that was acknowledged. */
  value: number;
  sessions: SessionKnown[];
}

export interface Verified {
  /** Rows of the items table. */
  rows: number;
  /** Sessions in which a transaction was found that was begun but not acknowledged. */
  unacknowledged: number;
}

/** A database of which nothing is known but its seed. */
export const nothingKnown = (seed: number, sizes: ModelSizes, sessions: number): Known => ({
  seed,
  sizes,
  created: false,
  value: 0,
  sessions: Array.from({ length: sessions }, () => ({ number: 0, rows: [], acknowledged: 0, begun: 0 })),
});

/** The rows of a session as the model has them. */
export const knownRows = (known: Known, session: number): ModelRows =>
  new Map(known.sessions[session].rows.map(([key, version]) => [key, rowOfVersion(version, known.sizes)]));

/** Where a way to the rows meets an error of the database: rethrows it, or notes it and goes on with the next way. */
export type OnError = (error: unknown, where: string) => void;

export const rethrow: OnError = (error) => {
  throw error;
};

/**
 * Compares everything, and moves `known` to what was found. TortureFailure for anything that should not be; errors of the
 * database go to `onError`.
 */
export function verifyModel(kernel: Kernel, known: Known, onError: OnError = rethrow): Verified {
  const tables = findTables(kernel);
  if (tables === null) {
    expect(!known.created, () => 'the tables are gone, though their creation was acknowledged');
    return { rows: 0, unacknowledged: 0 };
  }
  known.created = true;
  const tx = kernel.begin({ isolation: REPEATABLE_READ });
  try {
    return verifyTables(kernel, tables, tx, known, onError);
  } finally {
    if (tx.open) kernel.rollback(tx);
  }
}

function verifyTables(kernel: Kernel, tables: TortureTables, tx: Transaction, known: Known, onError: OnError): Verified {
  const attempt = (where: string, body: () => void): boolean => {
    try {
      read(kernel, tx, body);
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'TortureFailure') throw error;
      onError(error, where);
      return false;
    }
  };
  const numbers: number[] = [];
  if (!attempt('progress', () => readNumbers(tables, tx, known, numbers))) return { rows: 0, unacknowledged: 0 };
  const unacknowledged = known.sessions.filter((session, index) => numbers[index] > session.acknowledged).length;
  const wanted = moveKnown(known, numbers);
  attempt('scan of items', () => compareScan(tables, tx, wanted));
  attempt('items by id', () => compareById(tables, tx, wanted, known.sessions.length));
  for (const index of ITEM_INDEXES) {
    for (const backward of [false, true]) {
      attempt(`${index}${backward ? ' backward' : ''}`, () => compareRange(tables, tx, wanted, index, backward));
    }
  }
  attempt('bank', () => compareBank(tables, tx));
  attempt('claims', () => compareClaims(tables, tx, known.sessions.length));
  return { rows: wanted.size, unacknowledged };
}

function readNumbers(tables: TortureTables, tx: Transaction, known: Known, numbers: number[]): void {
  numbers.length = 0;
  const found = new Map<number, number>();
  tables.progress.scan(tx, (values) => {
    const session = Number(values[0]);
    expect(!found.has(session), () => `the scan of progress meets session ${session} twice`);
    found.set(session, Number(values[1]));
  });
  for (const [session, { number, acknowledged, begun }] of known.sessions.entries()) {
    const at = found.get(session);
    const least = Math.max(number, acknowledged);
    const most = Math.max(number, begun);
    expect(
      at !== undefined && at >= least && at <= most,
      () =>
        `session ${session} has ${at ?? 'no'} transactions: ${least} were acknowledged, ${most} were begun` +
        (at !== undefined && at < least ? ': an acknowledged commit is lost' : ''),
    );
    const byKey = findValues(tables, tx, tables.progress, 'progress_session', [session]);
    expect(
      byKey !== null && Number(byKey[1]) === at,
      () => `progress of session ${session}: ${at} by scan, ${String(byKey?.[1])} by key`,
    );
    numbers.push(at);
  }
  expect(found.size === known.sessions.length, () => `progress has ${found.size} rows for ${known.sessions.length} sessions`);
}

/** Takes `known` on to these numbers; returns the values that items must hold, by id. */
function moveKnown(known: Known, numbers: readonly number[]): Map<number, RowValue[]> {
  const wanted = new Map<number, RowValue[]>();
  for (const [session, state] of known.sessions.entries()) {
    const rows = knownRows(known, session);
    for (let number = state.number + 1; number <= numbers[session]; number++) {
      applyTransaction(rows, planTransaction(known.seed, session, number, rows, known.sizes));
    }
    state.number = numbers[session];
    state.acknowledged = state.number;
    state.begun = state.number;
    state.rows = [...rows].map(([key, row]) => [key, row.version]);
    for (const [key, row] of rows) wanted.set(session * KEYS + key, itemValues(session, key, row));
  }
  return wanted;
}

type Wanted = ReadonlyMap<number, RowValue[]>;

/** Takes rows one by one; end() says which were not there. */
function comparison(wanted: Wanted, where: string): { row: (values: RowValue[]) => void; end: () => void } {
  const seen = new Set<number>();
  return {
    row(values) {
      const id = Number(values[0]);
      const right = wanted.get(id);
      expect(right !== undefined, () => `${where}: there is ${showValues(values)}, which must not be there`);
      expect(!seen.has(id), () => `${where}: item ${id} comes twice`);
      seen.add(id);
      expect(sameValues(values, right), () => `${where}: item ${id} is ${showValues(values)} instead of ${showValues(right)}`);
    },
    end() {
      const missing = [...wanted.keys()].filter((id) => !seen.has(id));
      expect(
        missing.length === 0,
        () => `${where}: ${missing.length} of ${wanted.size} rows are missing: ${missing.slice(0, 8).join(', ')}`,
      );
    },
  };
}

function compareScan(tables: TortureTables, tx: Transaction, wanted: Wanted): void {
  const { row, end } = comparison(wanted, 'scan of items');
  tables.items.scan(tx, row);
  end();
}

/** Every id that the sessions can have, there or not. */
function compareById(tables: TortureTables, tx: Transaction, wanted: Wanted, sessions: number): void {
  for (let id = 0; id < sessions * KEYS; id++) {
    const right = wanted.get(id);
    const values = findValues(tables, tx, tables.items, 'items_id', [id]);
    const same = values === null || right === undefined ? (values === null) === (right === undefined) : sameValues(values, right);
    expect(
      same,
      () =>
        `item ${id} by its id is ${values === null ? 'missing' : showValues(values)} instead of ${right === undefined ? 'missing' : showValues(right)}`,
    );
  }
}

/** Places in values of the columns an index is ordered by, with 1 for ascending and -1 for descending. */
const INDEX_ORDER: { readonly [index: string]: readonly (readonly [number, number])[] } = {
  items_id: [[0, 1]],
  items_amount: [[3, 1]],
  items_tag: [[4, 1]],
  items_label: [
    [5, 1],
    [0, 1],
  ],
  items_version: [
    [1, 1],
    [2, -1],
  ],
};

function compareRange(tables: TortureTables, tx: Transaction, wanted: Wanted, index: string, backward: boolean): void {
  const where = `${index}${backward ? ' backward' : ''}`;
  const { row, end } = comparison(wanted, where);
  const order = INDEX_ORDER[index];
  let last: RowValue[] | null = null;
  tables.items.range(
    tx,
    index,
    null,
    null,
    (values) => {
      row(values);
      const before: RowValue[] | null = last;
      if (before !== null) {
        const compared = compareKeys(before, values, order) * (backward ? -1 : 1);
        expect(compared <= 0, () => `${where}: ${showValues(values)} comes after ${showValues(before)}`);
      }
      last = values;
    },
    backward,
  );
  end();
}

/** NULLs come last in ascending order. */
function compareKeys(left: RowValue[], right: RowValue[], order: readonly (readonly [number, number])[]): number {
  for (const [column, direction] of order) {
    const a = left[column];
    const b = right[column];
    if (a === b) continue;
    if (a === null || b === null) return a === null ? direction : -direction;
    return (a < b ? -1 : 1) * direction;
  }
  return 0;
}

function compareBank(tables: TortureTables, tx: Transaction): void {
  let sum = 0;
  const ids = new Set<number>();
  tables.bank.scan(tx, (values) => {
    const id = Number(values[0]);
    expect(!ids.has(id), () => `the scan of the bank meets row ${id} twice`);
    ids.add(id);
    sum += Number(values[1]);
    const byKey = findValues(tables, tx, tables.bank, 'bank_id', [id]);
    expect(byKey !== null && sameValues(byKey, values), () => `bank row ${id}: ${showValues(values)} by scan, else by key`);
  });
  expect(
    ids.size === BANK_ROWS && sum === BANK_ROWS * BANK_START,
    () => `the bank has ${ids.size} rows with ${sum} in all, instead of ${BANK_ROWS} with ${BANK_ROWS * BANK_START}`,
  );
}

function compareClaims(tables: TortureTables, tx: Transaction, sessions: number): void {
  const byScan = new Map<number, number>();
  tables.claims.scan(tx, (values) => {
    const key = Number(values[0]);
    const owner = Number(values[1]);
    expect(!byScan.has(key), () => `claim ${key} is there twice, though its index is unique`);
    expect(owner >= 0 && owner < sessions, () => `claim ${key} belongs to session ${owner}, of which there is none`);
    byScan.set(key, owner);
  });
  const byIndex: number[] = [];
  tables.claims.range(tx, 'claims_key', null, null, (values) => byIndex.push(Number(values[0])));
  const keys = [...byScan.keys()].sort((a, b) => a - b);
  expect(byIndex.join() === keys.join(), () => `claims: ${keys.join(' ')} by scan, ${byIndex.join(' ')} by index`);
}
