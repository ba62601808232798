import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { compiledCharacters } from '../../codegen/rows/compile.ts';
import { open } from './api.ts';

interface Item {
  readonly id: number;
  readonly a: number | null;
  readonly name: string | null;
}

const itemOf = (id: number): Item => ({
  id,
  a: id % 7 === 0 ? null : (id * 48271) % 101,
  name: id % 11 === 0 ? null : `${['käse', 'nut', 'Bolt', '\u{1f600}', '\uffff'][id % 5]}${id % 13}`,
});

const byBytes = (x: string, y: string): number => Buffer.compare(Buffer.from(x), Buffer.from(y));

/** NULLs last, but first where descending, as PostgreSQL has it. */
function order<Value>(x: Value | null, y: Value | null, compare: (x: Value, y: Value) => number, descending = false): number {
  if (x === null || y === null) return (x === y ? 0 : x === null ? 1 : -1) * (descending ? -1 : 1);
  return descending ? -compare(x, y) : compare(x, y);
}

const less = (x: number, y: number): number => x - y;

test('a statement that met few rows meets many: the answers are those of its order, before and after', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec('create table item (id integer primary key, a integer, name text)');
  const insert = db.prepare('insert into item values ($1, $2, $3)');
  // In a test build every other statement is compiled for any number of rows from the beginning: each stands here twice.
  const texts = (columns: string, rest: string): string[] => [
    `select ${columns} from item ${rest}`,
    `select ${columns} from item t ${rest}`,
  ];
  const statements = [
    ...texts('id', 'where a > 5 order by name desc, id').map((text) => ({
      statement: db.prepare(text),
      of: (items: readonly Item[]) =>
        items
          .filter(({ a }) => a !== null && a > 5)
          .sort((x, y) => order(x.name, y.name, byBytes, true) || x.id - y.id)
          .map(({ id }) => ({ id })),
    })),
    ...texts("id, upper(name) || '!' as u", 'order by a, name, id limit 5 offset 2').map((text) => ({
      statement: db.prepare(text),
      of: (items: readonly Item[]) =>
        [...items]
          .sort((x, y) => order(x.a, y.a, less) || order(x.name, y.name, byBytes) || x.id - y.id)
          .slice(2, 7)
          .map(({ id, name }) => ({ id, u: name === null ? null : `${name.toUpperCase()}!` })),
    })),
    ...texts('count(*) as n, sum(a) as s', "where name like 'n%'").map((text) => ({
      statement: db.prepare(text),
      of: (items: readonly Item[]) => {
        const found = items.filter(({ name }) => name?.startsWith('n') === true);
        return [
          { n: found.length, s: found.some(({ a }) => a !== null) ? found.reduce((sum, { a }) => sum + (a ?? 0), 0) : null },
        ];
      },
    })),
  ];
  const items: Item[] = [];
  for (const size of [0, 3, 40, 41, 900, 6000, 6001]) {
    db.transaction(() => {
      while (items.length < size) {
        const item = itemOf(items.length);
        items.push(item);
        insert.run(item.id, item.a, item.name);
      }
    })();
    for (const { statement, of } of statements) deepStrictEqual(statement.all(), of(items), `${size} rows`);
  }
});

test('code for many rows is made once a statement has met them, and not again', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec('create table item (id integer primary key, a integer not null)');
  const insert = db.prepare('insert into item values ($1, $2)');
  for (let id = 0; id < 10; id++) insert.run(id, -id);
  // In a test build one of two is made for many at once.
  const statements = ['a', 'a, id'].map((order) => db.prepare(`select id from item order by ${order}`));
  const madeBy = (runs: number): number => {
    const before = compiledCharacters();
    for (let run = 0; run < runs; run++) for (const statement of statements) statement.all();
    return compiledCharacters() - before;
  };
  // Of some the first runs are interpreted.
  madeBy(5);
  strictEqual(madeBy(20), 0);
  db.transaction(() => {
    for (let id = 10; id < 5000; id++) insert.run(id, -id);
  })();
  strictEqual(madeBy(1), 0);
  strictEqual(madeBy(1) > 0, true);
  strictEqual(madeBy(2), 0);
});
