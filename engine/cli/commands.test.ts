import { deepStrictEqual, match, strictEqual } from 'node:assert';
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable, type WritableOptions } from 'node:stream';
import { after, test } from 'node:test';
import { open } from '../api/api.ts';
import { runCommand } from './commands.ts';
import { openEmbedded } from './embedded-target.ts';
import { Guess } from './infer.ts';
import { jsonOf } from './json-value.ts';
import { SHELL_STATE, Shell } from './shell.ts';
import { textOf } from './import-json.ts';

const folder = mkdtempSync(join(tmpdir(), 'scratchbird-commands-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const place = (name: string): string => join(folder, name);

/** Runs a command here: its exit code, what it wrote and what it said besides. */
async function run(name: string, ...args: string[]): Promise<{ status: number; out: string; error: string }> {
  const taken = (): [string[], Writable] => {
    const texts: string[] = [];
    const write: WritableOptions['write'] = (chunk, _encoding, then) => {
      texts.push(String(chunk));
      then();
    };
    return [texts, new Writable({ write })];
  };
  const [out, toOut] = taken();
  const [error, toAside] = taken();
  const status = await runCommand(name, args, { out: toOut, aside: toAside });
  return { status, out: out.join(''), error: error.join('') };
}

/** Statements and their answers, in the shell's CSV. */
async function shell(directory: string, text: string): Promise<string> {
  const target = openEmbedded(directory, { create: true });
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  try {
    const one = new Shell(target, { ...SHELL_STATE, format: 'csv', nullText: '-' }, { write: say, error: say });
    await one.text(text);
  } finally {
    await target.close();
  }
  return said.join('\n');
}

const CSV = `\ufeffID,Item Name,Price,Since,Seen At,Active,Code,Note
1,"nut, ""big""",1.50,2024-01-02,2024-01-02 10:00:00+02,true,007,
2,bolt,20,2024-02-29,2024-01-02T10:00:00Z,false,008,"two
lines"
`;
const ITEMS = `id,item_name,price,since,seen_at,active,code,note
1,"nut, ""big""",1.50,2024-01-02,2024-01-02 08:00:00+00,t,007,-
2,bolt,20,2024-02-29,2024-01-02 10:00:00+00,f,008,"two
lines"`;

test('a CSV file makes a table of the types that it seems to have, and fills one that is there by its names', async () => {
  writeFileSync(place('items.csv'), CSV);
  const { status, out } = await run('import', place('shop'), place('items.csv'), '--json');
  strictEqual(status, 0);
  const { seconds, ...told } = JSON.parse(out);
  deepStrictEqual([told.table, told.rows, told.created], ['items', 2, true]);
  deepStrictEqual(
    told.columns.map(({ type }: { type: string }) => type),
    ['bigint', 'text', 'numeric', 'date', 'timestamp with time zone', 'boolean', 'text', 'text'],
  );
  strictEqual(await shell(place('shop'), 'select * from items order by id;'), ITEMS);
  writeFileSync(place('more.csv'), 'code;ID\n009;3\n');
  match((await run('import', place('shop'), place('more.csv'), 'items')).out, /^1 rows into items in [\d.]+ s\n$/);
  strictEqual(await shell(place('shop'), 'select id, code, price from items where id = 3;'), 'id,code,price\n3,009,-');
});

test('what is wrong says where and what to do, and leaves nothing behind', async () => {
  writeFileSync(place('bad.csv'), 'a,b\n1,2\nx,3\n');
  const bad = await run('import', place('shop'), place('bad.csv'), 'made', '--columns', 'a int, b int');
  deepStrictEqual([bad.status, bad.out], [1, '']);
  match(bad.error, /invalid input syntax for type integer: "x" \(22P02\)[\s\S]*CONTEXT: {2}COPY made, line 3, column a: "x"/);
  match(await shell(place('shop'), 'select * from made;'), /relation "made" does not exist/);
  const unknown = await run('import', place('shop'), place('bad.csv'), 'items', '--json');
  match(JSON.parse(unknown.out).error.message, /items has no column "a", "b"; it has id, item_name/);
  match((await run('import', place('shop'), place('nothing.csv'))).error, /cannot read .*nothing\.csv[\s\S]*HINT/);
  strictEqual((await run('import', place('shop'))).status, 2);
  match((await run('import', place('shop'), 'x.bin')).error, /does not tell its format/);
  for (const name of ['import', 'export', 'dump', 'check', 'explain']) match((await run(name, '--help')).out, /\nExamples?\n/);
});

test('JSON comes in as lines or as one array, and goes out as it was', async () => {
  const lines = [
    '{"id":12345678901234567890,"name":"a\\\\b\\n\\"q\\"","tags":["x","y"],"at":"2024-01-01","n":1.25,"ok":true,"deep":null}',
    '{"id":2,"name":null,"tags":[],"at":"2024-01-03","n":3,"ok":null,"deep":{"k": 1.10}}',
  ];
  writeFileSync(place('v.json'), `[\n${lines.join(',\n')}\n]\n`);
  const { out } = await run('import', place('shop'), place('v.json'));
  match(out, /made the table v \(id numeric, name text, tags jsonb, at date, n numeric, ok boolean, deep jsonb\)\n2 rows/);
  const back = await run('export', place('shop'), 'v', '-', '--format', 'json', '-q');
  deepStrictEqual(
    back.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    lines.map((line) => JSON.parse(line)),
  );
  match(back.out, /12345678901234567890/);
  writeFileSync(place('w.jsonl'), '{"id": 3, "more": 1}\n{"id": \n');
  match((await run('import', place('shop'), place('w.jsonl'), 'v')).error, /the object of line 2 has no end/);
  writeFileSync(place('w.jsonl'), '{"id": 3, "more": 1}\n');
  match((await run('import', place('shop'), place('w.jsonl'), 'v')).error, /v has no column "more"[\s\S]*--ignore-unknown/);
  match((await run('import', place('shop'), place('w.jsonl'), 'v', '--ignore-unknown')).out, /^1 rows into v/);
});

test('Parquet keeps every digit and every type there and back', async () => {
  await shell(
    place('shop'),
    `create table every (b boolean, s smallint, i integer, l bigint, f real, d double precision, n numeric(30,10), small numeric(5,2), free numeric,
       t text, v varchar(5), u uuid, day date, at timestamp, moment timestamptz, hour time, bytes bytea, j jsonb, a integer[]);
     insert into every values (true, -1, 2147483647, 9223372036854775807, 1.5, 0.1, 12345678901234567890.0123456789, -1.05, 3.14159265358979323846,
       E'ä\\n\\t\\\\', 'x', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '1901-02-28', '2024-02-29 12:34:56.789012', '1999-12-31 23:59:59.5+02', '23:59:59.999999',
       '\\x00ff', '{"k": [1, 2.50]}', '{1,NULL,3}');
     insert into every default values;`,
  );
  strictEqual((await run('export', place('shop'), 'select * from every order by i', place('every.parquet'), '-q')).status, 0);
  const { columns } = JSON.parse((await run('import', place('shop'), place('every.parquet'), 'again', '--json')).out);
  deepStrictEqual(
    columns.map(({ type }: { type: string }) => type).join(' '),
    'boolean integer integer bigint real double precision numeric(30,10) numeric(5,2) numeric(38,20) text text uuid date ' +
      'timestamp without time zone timestamp with time zone time without time zone bytea jsonb jsonb',
  );
  const all = async (table: string): Promise<string> => shell(place('shop'), `select to_jsonb(a)::text as a from ${table};`);
  const plain = `(select b, s, i, l, f, d, n, small, free, t, v, u, day, at, moment, hour, bytes, j, to_jsonb(a) as a from every order by i) a`;
  strictEqual(await all('again a'), await all(plain));
});

test('a dump makes the same database again, and its dump is the same text', async () => {
  const made = await shell(place('first'), SCHEMA);
  strictEqual(/ERROR/.test(made), false, made);
  strictEqual((await run('dump', place('first'), '-o', place('first.sql'), '-q', '--privileges')).status, 0);
  const text = readFileSync(place('first.sql'), 'utf8');
  const said = await shell(place('second'), text);
  strictEqual(/ERROR/.test(said), false, said);
  const again = await run('dump', place('second'), '--privileges', '--json');
  strictEqual(again.out, text);
  deepStrictEqual(Object.keys(JSON.parse(again.error)), ['tables', 'rows', 'bytes', 'seconds']);
  strictEqual((await run('dump', place('second'), '--schema-only', '-q')).out.includes('COPY'), false);
});

const SCHEMA = `
create schema app;
create type app.status as enum ('new', 'paid');
create type app.address as (street text, zip varchar(10));
create domain app.email as varchar(320) check (value like '%@%');
create sequence app.invoice start 1000 increment 5;
create function app.twice(i integer) returns integer language sql immutable as $$ select i * 2 $$;
create table app.customers (id serial primary key, email app.email not null unique, balance numeric(12,2) not null default 0 check (balance >= -1000),
  tags text[] default '{}', home app.address, doubled integer generated always as (5 * 2) stored, "Odd Name" text);
create table app.orders (id bigint generated always as identity (start with 100) primary key,
  customer integer not null references app.customers on delete cascade, status app.status default 'new', placed timestamptz(3));
create index orders_placed on app.orders (placed desc nulls last) where status = 'new';
create view app.open_orders as select o.id, c.email from app.orders o join app.customers c on c.id = o.customer where o.status = 'new';
create statistics app.together (ndistinct) on customer, status from app.orders;
alter statistics app.together set statistics 200;
comment on statistics app.together is 'they go together';
comment on table app.customers is 'people who ''buy''';
comment on column app.customers.email is 'login';
create role reader;
grant usage on schema app to reader;
grant select on app.orders to reader;
alter table app.orders enable row level security;
create policy own on app.orders for select to reader using (customer = 1);
insert into app.customers (email, tags, home, "Odd Name") values ('a@b', '{x,"y z"}', row('s', '1'), E'tab\\tand\\\\'), ('c@d', null, null, '\\N');
insert into app.orders (customer, placed) values (1, '2024-01-01 10:00:00.5+00'), (2, null);
`;

test('a check tells what it has seen, and where the damage is', async () => {
  const sound = await run('check', place('first'), '--json');
  strictEqual(sound.status, 0);
  const report = JSON.parse(sound.out);
  deepStrictEqual([report.sound, report.problems, report.rows > 10, report.pages > 10], [true, [], true, true]);
  const database = open(place('first'));
  const told: number[] = [];
  database.check(({ done, of }) => told.push(done / of));
  database.close();
  deepStrictEqual([told.at(-1), told.every((share, at) => share <= 1 && share >= (told[at - 1] ?? 0))], [1, true]);
  const file = openSync(place('first/data'), 'r+');
  writeSync(file, Buffer.alloc(64, 7), 0, 64, 8192 * 40 + 100);
  closeSync(file);
  const damaged = await run('check', place('first'));
  strictEqual(damaged.status, 1);
  match(damaged.out, /page 40: .*\n[\s\S]*problems\. Restore a backup/);
});

test('plans as text, JSON and picture', async () => {
  match((await run('explain', place('shop'), 'select * from items where id = 1')).out, /Scan/);
  const picture = await run('explain', place('shop'), '--svg', 'select count(*) from items');
  match(picture.out, /^<svg[\s\S]*<\/svg>\s*$/);
  match((await run('explain', place('shop'), 'select nosuch')).error, /column "nosuch" does not exist/);
});

test('types are guessed from all values there are', () => {
  const of = (...values: string[]): string => {
    const guess = new Guess();
    for (const value of values) guess.text(value);
    return guess.type;
  };
  deepStrictEqual(
    [of('1', '-2'), of('1', '2.5'), of('1', '1e5'), of('01', '2'), of('t', 'f'), of('2024-01-01', '2024-01-01 10:00'), of()],
    ['bigint', 'numeric', 'double precision', 'text', 'boolean', 'timestamp', 'text'],
  );
});

test('values as JSON has them, and back', () => {
  deepStrictEqual(JSON.stringify(jsonOf('{1,{"a b",NULL},"q\\"x"}', 'text[]')), '["1",["a b",null],"q\\"x"]');
  deepStrictEqual(
    JSON.stringify([jsonOf('12345678901234567890.10', 'numeric'), jsonOf('NaN', 'float8')]),
    '[12345678901234567890.10,"NaN"]',
  );
  deepStrictEqual(textOf(['a"b', null, ['c']], 'text[]'), '{"a\\"b",NULL,{"c"}}');
});
