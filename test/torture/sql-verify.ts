/**
 * Compares an open database with the model, through SQL: what verify.ts does for the kernel's tables, and besides
 *
 *   every index      gives the rows that the table has, in its order, and by its key
 *   catalog          has the tables and indexes that the sessions' numbers say, and no others
 *   sequences        go on behind every value that was acknowledged
 *   transfers        of each bank row are all there up to its turn, and were made by transactions that are there: what is left of a
 *                    log that was not waited for is a prefix of it
 */

import type { Database } from '../../engine/api/api.ts';
import { expect } from './failure.ts';
import { applyTransaction, BANK_ROWS, BANK_START, KEYS, planTransaction } from './model.ts';
import {
  EVENTS_KEPT,
  EXTRA_INDEXES,
  FIXED_TABLES,
  isSolo,
  ITEM_COLUMNS,
  ITEM_ORDERS,
  itemValues,
  labelOf,
  rowText,
  schemaText,
  shortText,
  sideName,
  sideTable,
  soloPayload,
  TURNS_KEPT,
} from './sql-schema.ts';
import { type Known, knownRows, type OnError, rethrow, type Verified } from './verify.ts';

type Row = Record<string, unknown>;

/** True when the tables have been made. */
export function isCreated(db: Database): boolean {
  return db.prepare("select relname from pg_class where relname = 'transfers'").get() !== undefined;
}

export function createSchema(db: Database, sessions: number): void {
  db.exec(schemaText(sessions));
}

/**
 * Compares everything, and moves `known` to what was found. TortureFailure for anything that should not be; errors of the database
 * go to `onError`.
 */
export function verifySql(db: Database, known: Known, onError: OnError = rethrow): Verified {
  if (!isCreated(db)) {
    expect(!known.created, () => 'the tables are gone, though their creation was acknowledged');
    return { rows: 0, unacknowledged: 0 };
  }
  known.created = true;
  db.exec('begin isolation level repeatable read');
  try {
    return verifyTables(db, known, onError);
  } finally {
    if (db.isOpen && db.inTransaction) db.exec('rollback');
  }
}

function verifyTables(db: Database, known: Known, onError: OnError): Verified {
  const attempt = (where: string, body: () => void): boolean => {
    try {
      db.exec('savepoint looked');
      body();
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'TortureFailure') throw error;
      onError(error, where);
      db.exec('rollback to looked');
      return false;
    }
  };
  const numbers: number[] = [];
  if (!attempt('progress', () => numbers.push(...readNumbers(db, known)))) return { rows: 0, unacknowledged: 0 };
  const unacknowledged = known.sessions.filter((session, index) => numbers[index] > session.acknowledged).length;
  const wanted = moveKnown(known, numbers);
  attempt('items', () => compareItems(db, wanted));
  attempt('items by key', () => compareByKey(db, wanted, known.sessions.length));
  attempt('solo', () => compareSolo(db, numbers));
  attempt('events', () => compareEvents(db, numbers));
  attempt('bank', () => compareBank(db, numbers));
  attempt('claims', () => compareClaims(db, numbers.length));
  attempt('catalog', () => compareCatalog(db, numbers));
  attempt('side tables', () => compareSides(db, numbers));
  attempt('sequences', () => compareSequences(db, known));
  return { rows: wanted.size, unacknowledged };
}

const rowsOf = (db: Database, text: string, ...values: unknown[]): Row[] => db.prepare(text).all(...values);

function readNumbers(db: Database, known: Known): number[] {
  const found = new Map<number, number>();
  for (const { session, number } of rowsOf(db, 'select session, number from progress order by session')) {
    if (!isSolo(Number(session))) found.set(Number(session), Number(number));
  }
  for (const { session, number } of rowsOf(db, 'select session, number from solo')) found.set(Number(session), Number(number));
  return known.sessions.map(({ number, acknowledged, begun }, session) => {
    const at = found.get(session) ?? (isSolo(session) ? 0 : -1);
    const least = Math.max(number, acknowledged);
    const most = Math.max(number, begun);
    expect(
      at >= least && at <= most,
      () =>
        `session ${session} has ${at} transactions: ${least} were acknowledged, ${most} were begun` +
        (at < least ? ': an acknowledged commit is lost' : ''),
    );
    return at;
  });
}

type Wanted = ReadonlyMap<number, string>;

/** Takes `known` on to these numbers; returns the items there must be, as texts by id. */
function moveKnown(known: Known, numbers: readonly number[]): Map<number, string> {
  const wanted = new Map<number, string>();
  for (const [session, state] of known.sessions.entries()) {
    const rows = knownRows(known, session);
    for (let number = state.number + 1; number <= numbers[session] && !isSolo(session); number++) {
      applyTransaction(rows, planTransaction(known.seed, session, number, rows, known.sizes));
    }
    state.number = numbers[session];
    state.acknowledged = state.number;
    state.begun = state.number;
    state.rows = [...rows].map(([key, row]) => [key, row.version]);
    for (const [key, row] of rows) wanted.set(session * KEYS + key, rowText(itemValues(session, key, row)));
  }
  return wanted;
}

function compareItems(db: Database, wanted: Wanted): void {
  compareRows('the scan of items', rowsOf(db, `select ${ITEM_COLUMNS} from items`), wanted);
  for (const { index, order, keys } of ITEM_ORDERS) {
    const where = `items by ${index}`;
    const rows = rowsOf(db, `select ${ITEM_COLUMNS} from items order by ${order}`);
    compareRows(where, rows, wanted);
    for (let at = 1; at < rows.length; at++) {
      expect(
        isOrdered(rows[at - 1], rows[at], keys),
        () => `${where}: ${shortText(rowText(Object.values(rows[at])))} comes too late`,
      );
    }
  }
}

/** In the order of the keys, 1 ascending and -1 descending, NULL last either way. */
function isOrdered(before: Row, after: Row, keys: readonly (readonly [string, number])[]): boolean {
  for (const [name, direction] of keys) {
    if (before[name] === null || after[name] === null) {
      if (before[name] === after[name]) continue;
      return after[name] === null;
    }
    const difference = (Number(after[name]) - Number(before[name])) * direction;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function compareRows(where: string, rows: readonly Row[], wanted: Wanted): void {
  const seen = new Set<number>();
  for (const row of rows) {
    const id = Number(row.id);
    const found = rowText(Object.values(row));
    const right = wanted.get(id);
    expect(right !== undefined, () => `${where}: there is ${shortText(found)}, which must not be there`);
    expect(!seen.has(id), () => `${where}: item ${id} comes twice`);
    expect(found === right, () => `${where}: item ${id} is ${shortText(found)} instead of ${shortText(right)}`);
    seen.add(id);
  }
  const missing = [...wanted.keys()].filter((id) => !seen.has(id));
  expect(
    missing.length === 0,
    () => `${where}: ${missing.length} of ${wanted.size} are missing: ${missing.slice(0, 8).join(', ')}`,
  );
}

/** Every id that can be there; and the keys of the other indexes, each with the rows that the table has for it. */
function compareByKey(db: Database, wanted: Wanted, sessions: number): void {
  const byId = db.prepare(`select ${ITEM_COLUMNS} from items where id = $1`);
  for (let id = 0; id < sessions * KEYS; id++) {
    const row = byId.get(id);
    const found = row === undefined ? undefined : rowText(Object.values(row));
    expect(found === wanted.get(id), () => `item ${id} by its id is ${shortText(found ?? 'missing')}`);
  }
  const rows = rowsOf(db, 'select id, session, version, amount, tag, label from items');
  const keys: readonly (readonly [string, (row: Row) => readonly unknown[]])[] = [
    ['label = $1', ({ label }) => [label]],
    ['label = $1 and id = $2', ({ label, id }) => [label, id]],
    ['amount = $1', ({ amount }) => [amount]],
    ['tag = $1', ({ tag }) => [tag]],
    ['session = $1 and version = $2', ({ session, version }) => [session, version]],
    ['version % 97 = $1 and upper(label) = $2', ({ version }) => [Number(version) % 97, labelOf(Number(version)).toUpperCase()]],
  ];
  for (const [condition, keyOf] of keys) {
    const groups = Map.groupBy(rows, (row) => JSON.stringify(keyOf(row).map(String)));
    const select = db.prepare(`select id from items where ${condition}`);
    for (const group of [...groups.values()].slice(0, 120)) {
      if (keyOf(group[0])[0] === null) continue;
      const found = select.all(...keyOf(group[0])).map(({ id }) => Number(id));
      const right = group.map(({ id }) => Number(id));
      expect(
        found.sort((a, b) => a - b).join() === right.sort((a, b) => a - b).join(),
        () => `items with ${condition}, ${keyOf(group[0]).join(' ')}: ${found.join(' ')} instead of ${right.join(' ')}`,
      );
    }
  }
}

function compareSolo(db: Database, numbers: readonly number[]): void {
  for (const { session, number, payload } of rowsOf(db, 'select session, number, payload from solo')) {
    const right = soloPayload(Number(session), Number(number));
    expect(
      payload === right && numbers[Number(session)] === Number(number),
      () => `solo session ${String(session)} has ${shortText(String(payload))} at ${String(number)}`,
    );
  }
}

/** The last events of each session, with ids that rise with their numbers. */
function compareEvents(db: Database, numbers: readonly number[]): void {
  const last = new Map(rowsOf(db, 'select session, event from progress').map(({ session, event }) => [Number(session), event]));
  let total = 0;
  for (const [session, number] of numbers.entries()) {
    if (isSolo(session)) continue;
    const rows = rowsOf(db, 'select id, number from events where session = $1 order by id', session);
    const right = Array.from(
      { length: Math.min(number, EVENTS_KEPT) },
      (_, at) => number - Math.min(number, EVENTS_KEPT) + 1 + at,
    );
    expect(
      rows.map((row) => Number(row.number)).join() === right.join() && (rows.at(-1)?.id ?? 0) === last.get(session),
      () => `events of session ${session} at ${number}: ${JSON.stringify(rows)}, progress has ${String(last.get(session))}`,
    );
    total += rows.length;
  }
  const [{ n }] = rowsOf(db, 'select count(*) as n from events');
  expect(Number(n) === total, () => `there are ${String(n)} events instead of ${total}`);
}

function compareBank(db: Database, numbers: readonly number[]): void {
  const rows = rowsOf(db, 'select id, balance, turn from bank order by id');
  const sum = rows.reduce((total, { balance }) => total + Number(balance), 0);
  expect(
    rows.length === BANK_ROWS && sum === BANK_ROWS * BANK_START,
    () => `the bank has ${rows.length} rows with ${sum} in all, instead of ${BANK_ROWS} with ${BANK_ROWS * BANK_START}`,
  );
  for (const { id, turn } of rows) {
    const made = rowsOf(db, 'select turn, session, number from transfers where bank = $1 order by turn', id);
    const turns = made.map((one) => Number(one.turn));
    const first = Math.max(1, Number(turn) - TURNS_KEPT + 1);
    expect(
      turns.length === Number(turn) - first + 1 && turns.every((one, at) => one === first + at),
      () => `bank row ${String(id)} is at turn ${String(turn)}, its transfers are ${turns.join(' ')}`,
    );
    for (const { session, number, turn: at } of made) {
      expect(
        Number(number) <= numbers[Number(session)],
        () => `turn ${String(at)} of bank row ${String(id)} was made by a transaction that is not there`,
      );
    }
  }
}

function compareClaims(db: Database, sessions: number): void {
  const rows = rowsOf(db, 'select key, owner from claims');
  const keys = rows.map(({ key }) => Number(key)).sort((a, b) => a - b);
  expect(new Set(keys).size === keys.length, () => `claims are there twice: ${keys.join(' ')}`);
  const byIndex = db.prepare('select owner from claims where key = $1');
  for (const { key, owner } of rows) {
    expect(Number(owner) < sessions && byIndex.get(key)?.owner === owner, () => `claim ${String(key)} is not found by its key`);
  }
}

// ---- definitions ----

function compareCatalog(db: Database, numbers: readonly number[]): void {
  const names = (text: string): string[] => rowsOf(db, text).map((row) => String(Object.values(row)[0]));
  const tables = names("select tablename from pg_tables where schemaname = 'public'").sort();
  const sides = numbers.flatMap((number, session) =>
    !isSolo(session) && sideTable(session, number) !== null ? [sideName(session)] : [],
  );
  const right = [...FIXED_TABLES, ...sides].sort();
  expect(tables.join() === right.join(), () => `there are the tables ${tables.join(' ')} instead of ${right.join(' ')}`);
  const indexes = names("select indexname from pg_indexes where schemaname = 'public'");
  for (const [session, number] of numbers.entries()) {
    const prefix = `${sideName(session)}_`;
    const found = indexes.filter((name) => name.startsWith(prefix)).sort();
    const wanted = isSolo(session) ? [] : (sideTable(session, number)?.indexes ?? []);
    expect(
      found.join() === wanted.join(),
      () => `the side table of session ${session} at ${number} has the indexes ${found.join(' ')} instead of ${wanted.join(' ')}`,
    );
  }
  const extra = indexes.filter((name) => name.startsWith('extra_'));
  const known = new Set(EXTRA_INDEXES.map(({ name }) => name));
  expect(extra.every((name) => known.has(name)) && new Set(extra).size === extra.length, () => `indexes: ${extra.join(' ')}`);
}

function compareSides(db: Database, numbers: readonly number[]): void {
  for (const [session, number] of numbers.entries()) {
    const side = isSolo(session) ? null : sideTable(session, number);
    if (side === null) continue;
    const name = sideName(session);
    const rows = rowsOf(db, `select id, number, label from ${name} order by number`);
    const found = rows.map((row) => `${String(row.number)} ${String(row.label)}`).join();
    const right = side.rows.map(([at, label]) => `${at} ${label}`).join();
    expect(found === right, () => `${name} at ${number} has ${found} instead of ${right}`);
    expect(
      rows.every((row, at) => at === 0 || Number(row.id) > Number(rows[at - 1].id)),
      () => `ids of ${name} do not rise`,
    );
    const byNumber = db.prepare(`select label from ${name} where number = $1`);
    const byLabel = db.prepare(`select number from ${name} where upper(label) = $1`);
    for (const [at, label] of side.rows) {
      expect(byNumber.get(at)?.label === label, () => `${name}: row ${at} is not found by its number`);
      const others = byLabel.all(label.toUpperCase()).map((row) => Number(row.number));
      expect(others.includes(at), () => `${name}: row ${at} is not found by its label`);
    }
  }
}

function compareSequences(db: Database, known: Known): void {
  const [{ value, event }] = rowsOf(db, 'select max(value) as value, max(event) as event from progress');
  const [{ next, id }] = rowsOf(db, "select nextval('numbers') as next, nextval('events_id_seq') as id");
  const least = Math.max(Number(value), known.value);
  expect(Number(next) > least, () => `the sequence goes on with ${String(next)}, though ${least} was acknowledged`);
  expect(Number(id) > Number(event), () => `the identity of events goes on with ${String(id)}, though ${String(event)} is there`);
}
