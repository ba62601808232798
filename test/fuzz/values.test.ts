/**
 * Values that a program gives as parameters, as bad as they get: for each an answer or an SqlError, and the database goes on.
 *   SCRATCHBIRD_SEED=n   the same values in the same places
 */

import { deepStrictEqual, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { type Database, open, SqlError } from '../../engine/api/api.ts';
import { pick, randomFrom } from '../../engine/sblr/source-fixture.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
const TYPES = (
  'bool int2 int4 int8 float4 float8 numeric numeric(9,2) text varchar(5) char(3) bytea date time timestamp timestamptz interval ' +
  'uuid json jsonb'
).split(' ');

const boom = (): never => {
  throw new RangeError('the program does not want to be read');
};

/** Everything that can be asked of it throws. */
const hostile = (): object =>
  new Proxy(
    {},
    Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((trap) => [trap, boom])) as unknown as ProxyHandler<object>,
  );

function detached(): Uint8Array {
  const bytes = new Uint8Array(16);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

/** A view that has lost the ground under its feet. */
function outOfBounds(): Uint8Array {
  const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
  const view = new Uint8Array(buffer, 32, 16);
  buffer.resize(8);
  return view;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function cyclic(): object {
  const node: { self?: object } = {};
  node.self = node;
  return node;
}

function deep(): object {
  let node: object = {};
  for (let level = 0; level < 100_000; level++) node = [node];
  return node;
}

/** By name, made anew each time: some are used up by being read. */
const VALUES: { readonly [name: string]: () => unknown } = {
  NaN: () => Number.NaN,
  infinity: () => Number.POSITIVE_INFINITY,
  'minus infinity': () => Number.NEGATIVE_INFINITY,
  'minus zero': () => -0,
  'a fraction': () => 1.5,
  'a tiny number': () => Number.MIN_VALUE,
  'a huge number': () => Number.MAX_VALUE,
  'beyond safe integers': () => 2 ** 53 + 2,
  'beyond 63 bits': () => 2 ** 63,
  'a bigint beyond 63 bits': () => 2n ** 63n,
  'the least int8': () => -(2n ** 63n),
  'a bigint of 100,000 digits': () => 10n ** 100_000n,
  'a bigint of 200,000 digits': () => -(10n ** 200_000n),
  'empty text': () => '',
  'text with a NUL': () => 'a\0b',
  'a lone high surrogate': () => 'a\ud800b',
  'a lone low surrogate': () => '\udfff',
  'a byte order mark': () => '\ufeff1',
  'two megabytes of text': () => 'ab'.repeat(2 ** 20),
  '400 kilobytes of digits': () => '12'.repeat(200_000),
  'a number with much behind it': () => `1e${'9'.repeat(300)}`,
  'text like a template': () => '$' + '{process.exit(1)}`\\\n\u2028',
  'nested JSON': () => '['.repeat(200_000),
  'odd JSON': () => '{"a":1e400,"b":"\\ud800","__proto__":{}}',
  'a symbol': () => Symbol('x'),
  'a function': () => () => 1,
  'an empty object': () => ({}),
  'an empty array': () => [],
  'an array of arrays': () => [[1], [undefined, Symbol('x')]],
  'a cycle': cyclic,
  'a deep object': deep,
  'a proxy that throws': hostile,
  'a revoked proxy': revoked,
  'a proxy of bytes': () => new Proxy(new Uint8Array(4), {}),
  'a proxy of a date': () => new Proxy(new Date(0), {}),
  'a proxy of an array': () => new Proxy([1, 2], {}),
  'a getter that throws': () => ({
    get months() {
      return boom();
    },
    days: 1,
    microseconds: 1,
  }),
  'an interval of nonsense': () => ({ months: 'x', days: Number.NaN, microseconds: {} }),
  'an interval too long': () => ({ months: 2 ** 40, days: 0.5, microseconds: 2n ** 80n }),
  'toString that throws': () => ({ toString: boom, valueOf: boom, [Symbol.toPrimitive]: boom }),
  'toJSON that throws': () => ({ toJSON: boom }),
  'toJSON that gives nothing': () => ({ toJSON: () => undefined }),
  'a tag that throws': () => ({
    get [Symbol.toStringTag]() {
      return boom();
    },
  }),
  'a liar about its tag': () => ({ [Symbol.toStringTag]: 'Temporal.Instant', toString: boom }),
  'a constructor that throws': () =>
    Object.create({
      get constructor() {
        return boom();
      },
    }),
  'no prototype': () => Object.create(null),
  'detached bytes': detached,
  'a detached buffer': () => detached().buffer,
  'bytes out of bounds': outOfBounds,
  'shared bytes': () => new Uint8Array(new SharedArrayBuffer(8)),
  'a shared buffer': () => new SharedArrayBuffer(8),
  'a DataView': () => new DataView(new ArrayBuffer(5), 1, 3),
  'big integers in an array': () => new BigInt64Array(2),
  'a typed array': () => new Float32Array([1.5]),
  'bytes with own length': () => Object.defineProperty(new Uint8Array(3), 'length', { value: 2 ** 31 }),
  'ten megabytes': () => new Uint8Array(10 * 2 ** 20).fill(7),
  'an invalid date': () => new Date(Number.NaN),
  'the last date': () => new Date(8.64e15),
  'the first date': () => new Date(-8.64e15),
  'a date that throws': () => Object.assign(new Date(0), { getTime: boom, toISOString: boom }),
  'a boxed number': () => new Number(5),
  'a boxed string': () => new String('5'),
  'a map': () => new Map([[1, 2]]),
  'a promise': () => Promise.resolve(1),
  'a regular expression': () => /x/g,
  'an error': () => new Error('x'),
  null: () => null,
  undefined: () => undefined,
};
const NAMES = Object.keys(VALUES);

/** 'fine', or the code of the SqlError; anything else fails the test. */
function outcome(what: string, run: () => unknown): string {
  try {
    run();
    return 'fine';
  } catch (error) {
    ok(error instanceof SqlError, `${what}: ${(error as Error)?.stack ?? String(error)}`);
    ok(error.code !== 'XX000', `${what}: ${error.stack}`);
    return error.code;
  }
}

function usable(db: Database, what: string): void {
  deepStrictEqual(
    db.prepare('select id, note from canary order by id').raw().all(),
    [
      [1, 'a'],
      [2, 'b'],
    ],
    what,
  );
}

function withTables(body: (db: Database) => void): void {
  const db = open(':memory:', { pool: 0, cacheSize: '64MB' });
  try {
    db.exec("create table canary (id int4 primary key, note text); insert into canary values (1, 'a'), (2, 'b')");
    for (const [at, type] of TYPES.entries()) db.exec(`create table t${at} (id serial primary key, c ${type})`);
    body(db);
    deepStrictEqual(db.check().problems, []);
  } finally {
    db.close();
  }
}

test('every value for every type: it is taken and comes back, or refused with a code', () => {
  withTables((db) => {
    TYPES.forEach((type, at) => {
      const insert = db.prepare(`insert into t${at} (c) values ($1) returning c`).raw();
      const cast = db.prepare(`select $1::${type}`).raw();
      const find = db.prepare(`select count(*) from t${at} where c::text = $1::${type}::text`).raw();
      for (const name of NAMES) {
        // Written as JSON it is an object of ten million members.
        if (name === 'ten megabytes' && type.startsWith('json')) continue;
        const what = `${name} as ${type}`;
        outcome(what, () => cast.get(VALUES[name]()));
        if (outcome(what, () => insert.get(VALUES[name]())) === 'fine') outcome(what, () => find.get(VALUES[name]()));
        usable(db, what);
      }
      // What was stored is what is read, once more and through the whole table.
      const texts = db.prepare<unknown[]>(`select c::text from t${at} order by id`).raw().all();
      for (const [text] of texts)
        if (text !== null) ok((text as string).isWellFormed() && !(text as string).includes('\0'), type);
    });
  });
});

test('values in places that ask for something else: limits, lists, names, too many, too few', () => {
  console.log(`fuzz of values: SCRATCHBIRD_SEED=${SEED}`);
  const random = randomFrom(SEED);
  withTables((db) => {
    const texts = [
      'select * from canary order by id limit $1 offset $2',
      'select * from canary where id in ($1, $2, 1)',
      'select * from canary where note like $1 and id between $2 and $2',
      'select $1 || note, $2 + id from canary',
      'select * from canary where note = :a and id = :b',
      'update canary set note = note where id = $1 or note = $2',
      'delete from canary where id = $1 and note = $2 and false',
      'select case $1 when note then 1 else $2 end from canary',
      'select substr(note, $1, $2), lpad(note, $1), repeat(note, $2 % 100) from canary',
      "select date_trunc($1, timestamp '2024-01-01'), round($2::numeric, 2)",
    ];
    for (let turn = 0; turn < 1500; turn++) {
      const text = pick(random, texts);
      const names = [pick(random, NAMES), pick(random, NAMES)];
      const given = names.map((name) => VALUES[name]());
      const what = `SCRATCHBIRD_SEED=${SEED}, turn ${turn}: ${text} with ${names.join(' and ')}`;
      const isNamed = text.includes(':a');
      outcome(what, () => {
        const statement = db.prepare(text).raw();
        if (turn % 7 === 0) statement.all(given[0] as never);
        else if (turn % 11 === 0) statement.all(...(given as never[]), 1 as never);
        else if (isNamed) statement.all({ a: given[0], b: given[1] } as never);
        else statement.all(...(given as never[]));
      });
      usable(db, what);
    }
  });
});

test('text that is not Unicode is refused wherever it comes from', () => {
  withTables((db) => {
    for (const text of ['\ud800', 'a\udc00', 'x\0']) {
      throws(() => db.prepare('select $1::text').get(text), { code: '22021' });
      throws(() => db.prepare(`select '${text}'`).get(), { code: '22021' });
      throws(() => db.exec(`create table "${text}" (a int)`), { code: '22021' });
    }
    deepStrictEqual(db.prepare("select '😀' || $1").raw().get('😀'), ['😀😀']);
  });
});
