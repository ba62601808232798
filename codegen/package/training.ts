/**
 * A thousand statements of different shapes, run before V8's cache of a script is written (code-cache.ts). V8 keeps with a
 * function how soon it was worth optimising, and follows that when the script is loaded again: new statements take a tenth less
 * time, from the first one on. The cache holds more functions for it, so that what is called later is not compiled either.
 */

/** What training asks of a database. */
export interface Trained {
  exec(text: string): unknown;
  prepare(text: string): { get(...values: unknown[]): unknown; run(...values: unknown[]): unknown };
}

const TABLES = 2;
const QUERIES = 600;
const CHANGES = 40;

const CONDITIONS = [
  ...[
    'k = 2',
    'k > 1',
    'w = 2',
    'w between 1 and 3',
    "t = 'x'",
    "t like 'x%'",
    'b',
    'not b or n > 2',
    'n is null',
    'k in (1, 2)',
  ],
  ...["d >= date '2020-01-02'", 'k = 1 and w = 1'],
];
const ENDS = ['', ' order by k', ' order by t desc, k', ' limit 1', ' order by w nulls first limit 2'];
const ITEMS = [
  ...['k', 'w', 'n', 'd', 't', 'w - 1', 'n + k', 'lower(t) as l', 'coalesce(w, 0) as o', 'case when b then 1 else 2 end as c'],
  ...['length(t)', "t || 'a'"],
];

/** Statements of tables of its own. Throws when one fails. */
export function train(database: Trained): void {
  for (let number = 0; number < TABLES; number++) {
    const table = `trained_${number}`;
    database.exec(`create table ${table} (k integer primary key, w bigint, n numeric(12, 2), d date, t text, b boolean not null);
      create index on ${table} (w);
      insert into ${table} values (1, 1, 1.5, '2020-01-01', 'x', true), (2, 2, 2.5, '2020-01-02', 'y', false), (3, null, null, null, null, true)`);
    for (let turn = 0; turn < QUERIES; turn++) database.prepare(queryOf(table, turn)).get();
    for (let turn = 0; turn < CHANGES; turn++) {
      for (const change of changesOf(table, turn)) database.prepare(change).run();
    }
  }
}

function queryOf(table: string, turn: number): string {
  const condition = CONDITIONS[(turn >> 3) % CONDITIONS.length];
  const chosen = (turn * 37) % (2 ** ITEMS.length - 1);
  const items = ITEMS.filter((_, bit) => ((chosen + 1) >> bit) & 1);
  return `select ${items.join(', ')} from ${table} where ${condition}${ENDS[turn % ENDS.length]}`;
}

const changesOf = (table: string, turn: number): string[] => [
  `update ${table} set w = w + ${turn % 3}, t = 'z' where ${CONDITIONS[turn % CONDITIONS.length]}`,
  `insert into ${table} values (${turn + 10}, ${turn}, ${turn}.5, null, 'u', true)`,
  `delete from ${table} where k = ${turn + 10}`,
];
