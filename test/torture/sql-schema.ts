/**
 * The torture run's tables as SQL has them, and what the model's rows are in them.
 *
 *   items      the model's rows, with every kind of index over them: descending, unique over two columns, of expressions, hash
 *   progress   session, number, and the last values that the session drew from sequences
 *   events     one row a transaction, its id from an identity; a session keeps its last EVENTS_KEPT
 *   bank       transfers between rows; the sum never changes. transfers: who made the turns of each row, the last TURNS_KEPT
 *   claims     unique keys over which all sessions fight with ON CONFLICT
 *   solo       sessions whose transactions are single statements: one row each, put there by an upsert
 *   side_N     a table of session N alone, made, indexed, emptied and dropped by its transactions as their numbers say
 */

import { BANK_ROWS, BANK_START, KEYS, type ModelRow } from './model.ts';

export const EVENTS_KEPT = 12;
export const TURNS_KEPT = 40;

/** Every fourth session has transactions of one statement. */
export const isSolo = (session: number): boolean => session % 4 === 3;

/** Statements that make everything, for one transaction. */
export const schemaText = (sessions: number): string => `
  create table items (
    id integer primary key,
    session integer not null,
    version bigint not null check (version >= 0),
    amount numeric(12,2) not null check (amount >= 0),
    tag smallint,
    label varchar(30) not null,
    note text,
    body bytea,
    made timestamptz not null default '2026-01-02 03:04:05.678+00',
    unique (label, id)
  );
  create index items_amount on items (amount desc);
  create index items_tag on items (tag desc nulls last, id);
  create index items_version on items (session, version desc);
  create index items_expression on items ((version % 97), upper(label));
  create index items_hash on items using hash (label);
  create index items_tokens on items using gin ((array[label::text, note, (version % 5)::text]));
  create sequence numbers;
  create table progress (session integer primary key, number integer not null, event bigint not null, value bigint not null);
  create table events (id bigint generated always as identity primary key, session integer not null, number integer not null,
    unique (session, number));
  create table bank (id integer primary key, balance numeric(14,2) not null, turn integer not null);
  create table transfers (bank integer, turn integer, session integer not null, number integer not null, primary key (bank, turn));
  create table claims (key integer unique, owner integer not null);
  create table solo (session integer primary key, number integer not null, payload text);
  insert into progress values ${list(sessions, (session) => `(${session}, 0, 0, 0)`)};
  insert into bank values ${list(BANK_ROWS, (id) => `(${id}, ${BANK_START}, 0)`)}`;

const list = (count: number, row: (index: number) => string): string =>
  Array.from({ length: count }, (_, at) => row(at)).join(', ');

/** Tables that are there whatever the sessions have done. */
export const FIXED_TABLES: readonly string[] = ['bank', 'claims', 'events', 'items', 'progress', 'solo', 'transfers'];

/** Orders of items that indexes give, with their keys: 1 ascending, -1 descending. */
export const ITEM_ORDERS: readonly {
  readonly index: string;
  readonly order: string;
  readonly keys: readonly (readonly [string, number])[];
}[] = [
  { index: 'items_pkey', order: 'id', keys: [['id', 1]] },
  { index: 'items_amount', order: 'amount desc', keys: [['amount', -1]] },
  {
    index: 'items_tag',
    order: 'tag desc nulls last, id',
    keys: [
      ['tag', -1],
      ['id', 1],
    ],
  },
  {
    index: 'items_version',
    order: 'session, version desc',
    keys: [
      ['session', 1],
      ['version', -1],
    ],
  },
];

/** Indexes that sessions make and drop as they like, while the others change rows. */
export const EXTRA_INDEXES: readonly { readonly name: string; readonly text: string }[] = [
  { name: 'extra_items', text: 'create index extra_items on items (made, (id % 10))' },
  { name: 'extra_claims', text: 'create index extra_claims on claims using hash (owner)' },
  { name: 'extra_bank', text: 'create unique index extra_bank on bank (turn, id)' },
];

// ---- items ----

/** Columns of items in the order of itemValues(). */
export const ITEM_COLUMNS = 'id, session, version, amount, tag, label, note, body';

export const ITEM_INSERT = `insert into items (${ITEM_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8)`;
export const ITEM_UPSERT = `${ITEM_INSERT} on conflict (id) do update set
  session = excluded.session, version = excluded.version, amount = excluded.amount, tag = excluded.tag, label = excluded.label,
  note = excluded.note, body = excluded.body`;
export const ITEM_UPDATE =
  'update items set session = $2, version = $3, amount = $4, tag = $5, label = $6, note = $7, body = $8 where id = $1';
/** The row is found by its expressions, of the version before, too. */
export const ITEM_UPDATE_BY_EXPRESSION = `${ITEM_UPDATE} and version % 97 = $9 and upper(label) = $10`;

/** What a statement is given for an item. */
export function itemValues(session: number, key: number, { version, amount, note }: ModelRow): unknown[] {
  const tag = version % 5 === 0 ? null : version % 40;
  return [session * KEYS + key, session, version, amount.toFixed(2), tag, labelOf(version), note, bodyOf(version)];
}

export const labelOf = (version: number): string => `label-${(version % 997).toString(36)}`;

function bodyOf(version: number): Uint8Array | null {
  if (version % 3 !== 0) return null;
  const bytes = new Uint8Array(version % 700);
  for (let at = 0, state = version | 1; at < bytes.length; at++) {
    state = Math.imul(state, 0x9e3779b1) + at;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** A row of the database, or what it must be, as text that is equal if they are. */
export const rowText = (values: readonly unknown[]): string =>
  values.map((value) => (value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : String(value))).join('|');

/** The same for messages: long texts by their ends. */
export const shortText = (text: string): string =>
  text.length > 160 ? `${text.slice(0, 100)}...${text.slice(-40)} of ${text.length}` : text;

/** What the single statement of a solo session's transaction `number` puts there. */
export const soloPayload = (session: number, number: number): string =>
  `${session}:${number}:`.padEnd((number * 37) % (number % 50 === 0 ? 20_000 : 400), 'solo-');

// ---- side tables ----

const SIDE_CYCLE = 30;

export const sideName = (session: number): string => `side_${session}`;

/** A statement of a transaction on its side table. */
export type SideStep = { readonly text: string; readonly values: readonly unknown[] };

/** What transaction `number` does to the session's side table, in order. */
export function sideSteps(session: number, number: number): SideStep[] {
  const name = sideName(session);
  const phase = number % SIDE_CYCLE;
  const steps: SideStep[] = [];
  const text = (one: string): void => void steps.push({ text: one, values: [] });
  if (phase === 0 && number > 0) text(`drop table ${name}`);
  if (phase === 5) {
    text(`create table ${name} (id serial primary key, number integer unique check (number > 0), label text not null)`);
  }
  if (phase === 10) text(`create index ${name}_label on ${name} (upper(label))`);
  if (phase === 15) text(`truncate ${name}`);
  if (phase === 20) text(`create unique index ${name}_both on ${name} (number desc, label)`);
  if (phase === 25) text(`drop index ${name}_label`);
  if (phase >= 5)
    steps.push({ text: `insert into ${name} (number, label) values ($1, $2)`, values: [number, sideLabel(number)] });
  if (phase > 22) steps.push({ text: `delete from ${name} where number = $1`, values: [number - 3] });
  return steps;
}

const sideLabel = (number: number): string => `side ${(number * 7919) % 1000}`;

export interface SideTable {
  /** number and label of its rows, by number. */
  readonly rows: readonly (readonly [number, string])[];
  readonly indexes: readonly string[];
}

/** The side table after transaction `number`, null: there is none. */
export function sideTable(session: number, number: number): SideTable | null {
  const phase = number % SIDE_CYCLE;
  if (phase < 5) return null;
  const name = sideName(session);
  const start = number - phase;
  const rows: [number, string][] = [];
  for (let at = start + (phase >= 15 ? 15 : 5); at <= number; at++) rows.push([at, sideLabel(at)]);
  const deleted = (at: number): boolean => at >= start + 20 && at <= number - 3;
  const indexes = [`${name}_number_key`, `${name}_pkey`];
  if (phase >= 10 && phase < 25) indexes.push(`${name}_label`);
  if (phase >= 20) indexes.push(`${name}_both`);
  return { rows: phase > 22 ? rows.filter(([at]) => !deleted(at)) : rows, indexes: indexes.sort() };
}
