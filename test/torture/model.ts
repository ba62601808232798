/**
 * What the torture run does, as a plain model: every session's transactions follow from (seed, session, number) and the rows
 * the session has, so whoever knows how many transactions a session has committed knows every row it must have.
 *
 *   items     rows of one session only, id = session * KEYS + key: inserts, updates of all sizes, deletes, savepoints
 *   progress  one row a session: the number of its last committed transaction, written in that same transaction
 *   bank      a few rows that all sessions transfer between: conflicts, waits, deadlocks; the sum never changes
 *   claims    a few unique keys that all sessions insert and delete: unique checks against transactions that may roll back
 *
 * After a crash a session's number m lies between what was acknowledged and what was begun. Then its items must be exactly the
 * model's after m transactions: nothing lost, nothing of an unfinished transaction, nothing half.
 */

/** Ids of one session: session * KEYS + key. */
export const KEYS = 512;
export const BANK_ROWS = 16;
export const BANK_START = 1000;
export const CLAIM_KEYS = 24;

/** One row of a session: amount and note follow from `version`, which is drawn anew by each change. */
export interface ModelRow {
  readonly version: number;
  readonly amount: number;
  /** null or text. */
  readonly note: string | null;
}

export type ModelRows = Map<number, ModelRow>;

export interface ModelChange {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly key: number;
  readonly row: ModelRow;
}

export interface ModelTransaction {
  readonly changes: readonly ModelChange[];
  /** Changes from this index on are undone by a savepoint before the rest (`after`) follows; -1: no savepoint. */
  readonly savepointAt: number;
  readonly after: readonly ModelChange[];
  /** Rolled back as a whole first, then run again without the rollback. */
  readonly abortFirst: boolean;
  /** from, to, amount; or null. */
  readonly transfer: readonly [number, number, number] | null;
}

/** mulberry32: small, seeded; the torture run must repeat from its seed. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const mix = (seed: number, session: number, number: number): number =>
  Math.imul(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(session + 1, 0xc2b2ae35), 0x27d4eb2f) ^
  Math.imul(number, 0x165667b1);

export interface ModelSizes {
  /** Longest ordinary note in characters. */
  readonly noteMax: number;
  /** Length of the rare huge note: longer than a page, in hostile runs longer than the log ring. */
  readonly hugeNote: number;
  /** Most changes of a transaction. */
  readonly changesMax: number;
  /** Keys of a session that are used, at most KEYS: the fewer, the more often a row is changed. */
  readonly keys: number;
}

export const ORDINARY_SIZES: ModelSizes = { noteMax: 300, hugeNote: 40_000, changesMax: 8, keys: KEYS };

/** The row that a version stands for. */
export function rowOfVersion(version: number, sizes: ModelSizes): ModelRow {
  const random = generator(version ^ 0x2545f491);
  const amount = Math.floor(random() * 1e6) / 4;
  const kind = random();
  if (kind < 0.1) return { version, amount, note: null };
  if (kind < 0.15) return { version, amount, note: '' };
  const length = kind > 0.985 ? sizes.hugeNote : Math.floor(random() * sizes.noteMax);
  return { version, amount, note: noteText(version, length) };
}

/** Half of the notes compress well, the other half hardly: an overflow value is then as long in the log as it looks. */
function noteText(version: number, length: number): string {
  return version % 2 === 0 ? repeatedText(version, length) : randomText(version, length);
}

function repeatedText(version: number, length: number): string {
  const unit = `${version.toString(36)}-é-`;
  return unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
}

function randomText(version: number, length: number): string {
  const words = new Int32Array(Math.ceil(length / 5) + 1);
  let state = version | 1;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return Buffer.from(words.buffer).toString('base64').slice(0, length);
}

/** The transaction `number` (from 1) of a session that has these rows. */
export function planTransaction(
  seed: number,
  session: number,
  number: number,
  rows: ModelRows,
  sizes: ModelSizes,
): ModelTransaction {
  const random = generator(mix(seed, session, number));
  const scratch = new Map(rows);
  const count = 1 + Math.floor(random() * sizes.changesMax);
  const draw = (): ModelChange => drawChange(random, scratch, sizes);
  const changes: ModelChange[] = [];
  for (let i = 0; i < count; i++) changes.push(draw());
  const savepointAt = random() < 0.2 ? Math.floor(random() * count) : -1;
  const after: ModelChange[] = [];
  if (savepointAt >= 0) {
    scratch.clear();
    for (const [key, row] of rows) scratch.set(key, row);
    for (const change of changes.slice(0, savepointAt)) applyChange(scratch, change);
    for (let i = 0; i < 2; i++) after.push(draw());
  }
  const abortFirst = random() < 0.1;
  const transfer = random() < 0.3 ? drawTransfer(random) : null;
  return { changes, savepointAt, after, abortFirst, transfer };
}

/** Draws one change and applies it to `rows`. */
function drawChange(random: () => number, rows: ModelRows, sizes: ModelSizes): ModelChange {
  const key = Math.floor(random() * sizes.keys);
  const row = rowOfVersion(Math.floor(random() * 2 ** 31), sizes);
  const kind = !rows.has(key) ? 'insert' : random() < 0.25 ? 'delete' : 'update';
  const change: ModelChange = { kind, key, row };
  applyChange(rows, change);
  return change;
}

function drawTransfer(random: () => number): [number, number, number] {
  const from = Math.floor(random() * BANK_ROWS);
  const to = (from + 1 + Math.floor(random() * (BANK_ROWS - 1))) % BANK_ROWS;
  return [from, to, Math.floor(random() * 50)];
}

function applyChange(rows: ModelRows, change: ModelChange): void {
  if (change.kind === 'delete') rows.delete(change.key);
  else rows.set(change.key, change.row);
}

/** What is left of a transaction's changes when it commits, in order. */
export const committedChanges = (transaction: ModelTransaction): ModelChange[] =>
  transaction.savepointAt < 0
    ? [...transaction.changes]
    : [...transaction.changes.slice(0, transaction.savepointAt), ...transaction.after];

/** Applies a committed transaction. */
export function applyTransaction(rows: ModelRows, transaction: ModelTransaction): void {
  for (const change of committedChanges(transaction)) applyChange(rows, change);
}

/** The rows of a session after its first `count` transactions. */
export function replayModel(seed: number, session: number, count: number, sizes: ModelSizes): ModelRows {
  const rows: ModelRows = new Map();
  for (let number = 1; number <= count; number++) applyTransaction(rows, planTransaction(seed, session, number, rows, sizes));
  return rows;
}
