/**
 * How many rows of each table have changed since its statistics were gathered, for all threads: a table of words in the control
 * segment, addressed by the table's number.
 *
 *   'tableChanges' region: | due | ... 64 | number, changes, threshold, - | ...
 *
 * Statements say what they have changed by and by (noteChanges); where that passes the threshold the table is due, and the job that
 * gathers statistics finds it here. It is a count of what may be worth looking at: one that is lost, to a crash or to another table that
 * needs the place, only has statistics gathered later.
 */

import { type RegionRequest, regionOf, type SharedMemory } from '../../shm/shared-memory.ts';

const HEAD_BYTES = 64;
const ENTRIES = 1024;
const ENTRY_WORDS = 4;
/** Places that a table may have. */
const PLACES = 8;

const CHANGES = 1;
const THRESHOLD = 2;

/** Changes after which a table is looked at whose threshold nobody has worked out yet. */
const FIRST_LOOK = 50;

export const tableChangesRegion = (): RegionRequest => ({ name: 'tableChanges', bytes: HEAD_BYTES + ENTRIES * ENTRY_WORDS * 4 });

export interface TableChanges {
  readonly i32: Int32Array;
  /** Index of the word that says whether some table may be due. */
  readonly dueWord: number;
}

export const createTableChanges = (shm: SharedMemory): TableChanges => ({
  i32: shm.i32,
  dueWord: regionOf(shm, 'tableChanges') >>> 2,
});

const entryWord = ({ dueWord }: TableChanges, place: number): number =>
  dueWord + (HEAD_BYTES >>> 2) + (place & (ENTRIES - 1)) * ENTRY_WORDS;

/** The table's words; where it has none: those of a place that becomes its own. */
function wordsOf(changes: TableChanges, table: number): number {
  const { i32 } = changes;
  const home = Math.imul(table, 0x9e3779b1) >>> 16;
  for (let place = home; place < home + PLACES; place++) {
    const word = entryWord(changes, place);
    const owner = Atomics.load(i32, word);
    if (owner === table) return word;
    if (owner === 0 && Atomics.compareExchange(i32, word, 0, table) === 0) return word;
    if (Atomics.load(i32, word) === table) return word;
  }
  const word = entryWord(changes, home);
  Atomics.store(i32, word + CHANGES, 0);
  Atomics.store(i32, word + THRESHOLD, 0);
  Atomics.store(i32, word, table);
  return word;
}

/** So many rows of the table (its kernel's number, not 0) were changed. */
export function noteChanges(changes: TableChanges, table: number, rows: number): void {
  const { i32, dueWord } = changes;
  const word = wordsOf(changes, table);
  const before = Atomics.add(i32, word + CHANGES, rows);
  const threshold = Atomics.load(i32, word + THRESHOLD) || FIRST_LOOK;
  if (before + rows >= threshold && Atomics.load(i32, dueWord) === 0) Atomics.store(i32, dueWord, 1);
  // Far from where the count would wrap.
  if (before > 1 << 30) Atomics.store(i32, word + CHANGES, 1 << 29);
}

export const isSomeTableDue = ({ i32, dueWord }: TableChanges): boolean => Atomics.load(i32, dueWord) !== 0;

/** Somebody is to look at the tables again. */
export function setDue({ i32, dueWord }: TableChanges): void {
  Atomics.store(i32, dueWord, 1);
}

/** The tables that have passed their thresholds, and how many changes they have seen. From here on others may become due. */
export function dueTables(changes: TableChanges): { readonly table: number; readonly changes: number }[] {
  const { i32, dueWord } = changes;
  Atomics.store(i32, dueWord, 0);
  const due: { table: number; changes: number }[] = [];
  for (let place = 0; place < ENTRIES; place++) {
    const word = entryWord(changes, place);
    const table = Atomics.load(i32, word);
    if (table === 0) continue;
    const seen = Atomics.load(i32, word + CHANGES);
    if (seen >= (Atomics.load(i32, word + THRESHOLD) || FIRST_LOOK)) due.push({ table, changes: seen });
  }
  return due;
}

/** What the table has seen so far counts no more, `counted` of it; it is due again after `threshold` changes. */
export function setThreshold(changes: TableChanges, table: number, counted: number, threshold: number): void {
  const word = wordsOf(changes, table);
  Atomics.sub(changes.i32, word + CHANGES, counted);
  Atomics.store(changes.i32, word + THRESHOLD, Math.max(1, Math.min(2 ** 30, Math.ceil(threshold))));
}

/** Changes since the table's statistics were gathered, as far as this boot knows. */
export function changesOf(changes: TableChanges, table: number): number {
  const home = Math.imul(table, 0x9e3779b1) >>> 16;
  for (let place = home; place < home + PLACES; place++) {
    const word = entryWord(changes, place);
    if (Atomics.load(changes.i32, word) === table) return Math.max(0, Atomics.load(changes.i32, word + CHANGES));
  }
  return 0;
}
