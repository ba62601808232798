/** Disks that run full, fail, or rot, as SQL shows it: on a disk in memory. */

import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { type Database, open, type OpenOptions, SqlError } from '../../engine/api/api.ts';
import { SimulatedVfs } from '../../engine/storage/vfs/simulated-vfs.ts';
import { SeededRandom, SystemClock } from '../../engine/storage/world.ts';
import { problemsOf } from './with-database.ts';

const DIRECTORY = '/database';
const SIZES: OpenOptions = {
  cacheSize: 1 << 20,
  logRing: 64 << 10,
  logSegment: 256 << 10,
  checkpointEvery: 512 << 10,
  pool: 0,
  threads: 4,
};

const openOn = (vfs: SimulatedVfs, options: OpenOptions = {}): Database =>
  open(DIRECTORY, { ...SIZES, ...options, world: { vfs, clock: new SystemClock(), random: new SeededRandom(1) } });

const codeOf = (body: () => unknown): string => {
  try {
    body();
    return '';
  } catch (error) {
    if (error instanceof SqlError) return error.code;
    throw error;
  }
};

/** Runs it again and again until it fails; returns the code, and how often it went well. */
function untilItFails(body: (time: number) => unknown, times: number): { code: string; went: number } {
  for (let time = 0; time < times; time++) {
    const code = codeOf(() => body(time));
    if (code !== '') return { code, went: time };
  }
  return { code: '', went: times };
}

const SCHEMA = 'create table t (id integer primary key, v text not null); create index t_v on t (v)';

function seeded(db: Database, rows: number, length = 200): void {
  const insert = db.prepare('insert into t values ($1, $2)');
  db.transaction(() => {
    for (let id = 0; id < rows; id++) insert.run(id, `${String(id).padStart(6, '0')} ${'v'.repeat(length)}`);
  })();
}

const FULL: readonly { readonly name: string; readonly run: (db: Database, time: number) => unknown }[] = [
  { name: 'single inserts', run: (db, time) => db.prepare('insert into t values ($1, $2)').run(10_000 + time, 'x'.repeat(500)) },
  {
    name: 'single updates',
    run: (db, time) => db.prepare('update t set v = $2 where id = $1').run(time % 100, `${time}${'u'.repeat(900)}`),
  },
  { name: 'an update of all rows', run: (db, time) => db.exec(`update t set v = 'all ${time} ' || v`) },
  {
    name: 'rows appended in a transaction',
    run: (db, time) => {
      const insert = db.prepare('insert into t values ($1, $2)');
      db.transaction(() => {
        for (let row = 0; row < 2000; row++) insert.run(20_000 + time * 2000 + row, `row ${row}`);
      })();
    },
  },
  { name: 'long values', run: (db, time) => db.prepare('insert into long values ($1, $2)').run(time, randomText(time)) },
  { name: 'tables', run: (db, time) => db.exec(`create table made_${time} (id serial primary key, v text unique)`) },
  { name: 'indexes', run: (db, time) => db.exec(`create index i_${time} on t (v, id)`) },
];

function randomText(seed: number): string {
  const random = new SeededRandom(seed);
  return Array.from({ length: 12_000 }, () => random.int32().toString(36)).join('');
}

const counted = (db: Database): unknown =>
  db.prepare('select count(*) as n, count(distinct v) as v, max(id) as last from t').get();

for (const { name, run } of FULL) {
  test(`a full disk stops ${name} with 53100; reads go on, and changes too when there is room`, () => {
    let vfs = new SimulatedVfs({ seed: 1 });
    const db = openOn(vfs);
    db.exec(`${SCHEMA}; create table long (id integer primary key, v text)`);
    seeded(db, 300);
    vfs.plan({ freeBytes: 60_000 });
    const full = untilItFails((time) => run(db, time), 20_000);
    strictEqual(full.code, '53100', `${full.went} went well`);
    strictEqual(db.inTransaction, false);
    const before = counted(db);
    // Refused again, or it goes through where little is asked for; nothing is half there.
    for (let time = 0; time < 3; time++) ok(['', '53100'].includes(codeOf(() => run(db, full.went + 1 + time))));
    ok(Number((counted(db) as { n: number }).n) >= Number((before as { n: number }).n));
    strictEqual(db.prepare('select v from t where id = 7').get() === undefined, false);
    deepStrictEqual(db.prepare("select count(*) as n from t where v like '%zz%'").all(), [{ n: 0 }]);
    strictEqual(problemsOf(db), '');
    vfs.plan({ freeBytes: null });
    run(db, full.went + 10);
    db.exec("insert into t values (-1, 'again'); delete from t where id = 3");
    strictEqual(problemsOf(db), '');
    const after = counted(db);
    vfs = vfs.crash();
    const again = openOn(vfs);
    deepStrictEqual(counted(again), after);
    strictEqual(problemsOf(again), '');
    again.close();
  });
}

test('a full disk in a block: what came before a savepoint is kept, and can be committed when there is room', () => {
  const vfs = new SimulatedVfs({ seed: 2 });
  const db = openOn(vfs);
  db.exec(SCHEMA);
  seeded(db, 50);
  db.exec("begin; insert into t values (1000, 'before'); savepoint s");
  vfs.plan({ freeBytes: 30_000 });
  const insert = db.prepare('insert into t values ($1, $2)');
  const { code, went } = untilItFails((time) => insert.run(2000 + time, 'y'.repeat(1000)), 20_000);
  strictEqual(code, '53100');
  throws(() => db.prepare('select 1').get(), { code: '25P02' });
  db.exec('rollback to s');
  deepStrictEqual(db.prepare('select count(*) as n from t').get(), { n: 51 });
  vfs.plan({ freeBytes: null });
  for (let time = 0; time < went; time++) insert.run(2000 + time, 'short');
  db.exec('commit');
  deepStrictEqual(db.prepare('select count(*) as n from t').get(), { n: 51 + went });
  strictEqual(problemsOf(db), '');
  db.close();
});

test('a full disk stops a sort that spills, and the next one works', () => {
  const vfs = new SimulatedVfs({ seed: 3 });
  const db = openOn(vfs);
  db.exec(SCHEMA);
  seeded(db, 4000, 400);
  db.exec('set work_mem = 64');
  const sorted = db.prepare('select id, v from t order by substr(v, 3), id');
  const right = sorted.all().map(({ id }) => id);
  strictEqual(right.length, 4000);
  vfs.plan({ freeBytes: 10_000 });
  const code = codeOf(() => sorted.all());
  ok(code === '53100' || code === '', code);
  strictEqual(db.prepare('select v from t where id = 7').get() === undefined, false);
  vfs.plan({ freeBytes: null });
  deepStrictEqual(
    sorted.all().map(({ id }) => id),
    right,
  );
  db.close();
});

for (const fault of ['failSync', 'failWrite'] as const) {
  test(`${fault} of the log: the commit is not acknowledged, the handle stops, and opening again has what was acknowledged`, () => {
    const vfs = new SimulatedVfs({ seed: 4 });
    const db = openOn(vfs);
    db.exec(SCHEMA);
    const insert = db.prepare('insert into t values ($1, $2)');
    for (let id = 0; id < 20; id++) insert.run(id, `value ${id}`);
    vfs.plan({ [fault]: 1, only: '/log/', failedSync: 'dropsDirty' });
    const first = codeOf(() => insert.run(100, 'lost'));
    ok(['57P02', '58030'].includes(first), first);
    vfs.plan({ [fault]: 0, only: '' });
    for (let id = 200; id < 203; id++) ok(['57P02', '58030'].includes(codeOf(() => insert.run(id, 'late'))));
    throws(() => db.exec('create table late (x integer)'), { code: '57P02' });
    codeOf(() => db.close());
    const again = openOn(vfs.crash());
    const rows = again.prepare('select id from t order by id').all();
    ok(rows.length === 20 || (rows.length === 21 && rows[20].id === 100), JSON.stringify(rows));
    strictEqual(problemsOf(again), '');
    again.exec("insert into t values (100000, 'goes on')");
    again.close();
  });
}

test('damage is named: its file and page, where it is read; what is not damaged can be read', () => {
  const vfs = new SimulatedVfs({ seed: 5 });
  const db = openOn(vfs);
  db.exec(`${SCHEMA}; create table sound (id integer primary key, v text); insert into sound values (1, 'sound')`);
  seeded(db, 500);
  db.close();
  // The copies that the double-write file has of those pages would mend them.
  const later = openOn(vfs);
  const insert = later.prepare('insert into sound values ($1, $2)');
  for (let id = 2; id < 2000; id++) insert.run(id, 'w'.repeat(300));
  later.close();
  const path = `${DIRECTORY}/data`;
  // In the row and in the index.
  const found = findBytes(vfs, path, new TextEncoder().encode('000250 vvvv'));
  ok(found.length > 0, 'the row is in the file');
  for (const at of found) vfs.corrupt(path, at + 3, Uint8Array.of(0x58, 0x59));
  const again = openOn(vfs);
  deepStrictEqual(again.prepare('select v from sound where id = 1').get(), { v: 'sound' });
  throws(
    () => again.prepare('select v from t where id = 250').get(),
    (error: SqlError) => error.code === 'XX001' && error.message.includes(path) && /page \d+/.test(error.message),
  );
  throws(() => again.prepare('select sum(length(v)) from t where id > 0').get(), { code: 'XX001' });
  const problems = again.check().problems.map(({ page }) => page);
  for (const at of found) ok(problems.includes(Math.floor(at / 8192)));
  deepStrictEqual(again.prepare('select v from sound where id = 1').get(), { v: 'sound' });
  codeOf(() => again.close());
});

function findBytes(vfs: SimulatedVfs, path: string, needle: Uint8Array): number[] {
  const file = vfs.open(path, 'existing');
  const bytes = Buffer.alloc(file.size());
  file.read(0, bytes, 0, bytes.length);
  file.close();
  const found: number[] = [];
  for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) found.push(at);
  return found;
}
