/** Event loops: commits of one tick share a flush, nobody blocks the loop, a backup copies while others write. */

import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { open } from '../../engine/api/api.ts';
import { RealVfs } from '../../engine/storage/vfs/real-vfs.ts';
import { systemRandom, SystemClock, type World } from '../../engine/storage/world.ts';
import { SMALL, withDatabase } from './with-database.ts';

/** The disk of this machine, with a count of the times that a file was made to reach it. */
function countingWorld(): { world: World; syncs: () => number } {
  let syncs = 0;
  const vfs = new RealVfs();
  const opened = vfs.open.bind(vfs);
  vfs.open = (...given: Parameters<typeof opened>) => {
    const file = opened(...given);
    const sync = file.sync.bind(file);
    file.sync = () => {
      syncs++;
      sync();
    };
    const syncLater = file.syncLater.bind(file);
    file.syncLater = (done) => {
      syncs++;
      syncLater(done);
    };
    return file;
  };
  return { world: { vfs, clock: new SystemClock(), random: systemRandom() }, syncs: () => syncs };
}

test('commits of one tick share a flush, whatever sessions they are of', async () => {
  const root = mkdtempSync(join(tmpdir(), 'scratchbird-tick-'));
  const { world, syncs } = countingWorld();
  const db = open(join(root, 'db'), { ...SMALL, world });
  try {
    db.exec('create table t (id integer primary key, n integer)');
    const sessions = Array.from({ length: 8 }, () => db.session());
    const all = (round: number) =>
      Promise.all(sessions.map((session, at) => session.run('insert into t values ($1, 0)', [round * 100 + at])));
    await all(0);
    const before = syncs();
    for (let round = 1; round <= 10; round++) await all(round);
    const shared = syncs() - before;
    ok(shared >= 10 && shared < 40, `${shared} syncs for 80 commits in 10 ticks`);
    deepStrictEqual(db.prepare('select count(*) as n from t').get(), { n: 88 });
    const alone = syncs();
    for (let id = 0; id < 10; id++) db.prepare('insert into t values ($1, 0)').run(5000 + id);
    ok(syncs() - alone >= 10, 'a synchronous commit waits for its own');
    for (const session of sessions) await session.close();
  } finally {
    db.close();
    rmSync(root, { recursive: true, force: true });
  }
});

test('definitions of sessions share a flush, too, and fail as they should', async () => {
  const root = mkdtempSync(join(tmpdir(), 'scratchbird-tick-'));
  const { world, syncs } = countingWorld();
  const db = open(join(root, 'db'), { ...SMALL, world });
  try {
    const sessions = Array.from({ length: 8 }, () => db.session());
    const before = syncs();
    await Promise.all(sessions.map((session, at) => session.run(`create table t${at} (x integer)`)));
    ok(syncs() - before < 6, `${syncs() - before} syncs for 8 definitions`);
    const [first] = sessions;
    await rejects(first.run('create table t0 (y integer)'), { code: '42P07' });
    strictEqual(first.status, 'idle');
    await first.run('begin');
    await first.run('drop table t0');
    await first.run('rollback');
    deepStrictEqual((await sessions[1].run('select count(*) as n from t0')).rows, [{ n: 0 }]);
    for (const session of sessions) await session.close();
  } finally {
    db.close();
    rmSync(root, { recursive: true, force: true });
  }
});

test(
  'a query on another thread leaves the event loop alone',
  withDatabase(async (db) => {
    db.exec('create table big (id integer primary key, v text)');
    const insert = db.prepare('insert into big values ($1, $2)');
    db.transaction(() => {
      for (let id = 0; id < 40_000; id++) insert.run(id, `value ${id}`);
    })();
    await db.query('select 1');
    let ticks = 0;
    let isOver = false;
    const tick = (): void => {
      ticks++;
      if (!isOver) setImmediate(tick);
    };
    setImmediate(tick);
    const [{ n }] = await db.query<{ n: number }>('select count(*) as n from big where md5(v) <> upper(v)');
    isOver = true;
    strictEqual(n, 40_000);
    ok(ticks > 20, `the loop turned ${ticks} times`);
  }),
);

test(
  'a backup is made while sessions write: it opens, is sound, and holds what was committed when it ended',
  withDatabase(async (db, { directory }) => {
    db.exec('create table t (id integer primary key, v text)');
    const insert = db.prepare('insert into t values ($1, $2)');
    db.transaction(() => {
      for (let id = 0; id < 20_000; id++) insert.run(id, 'x'.repeat(50));
    })();
    const session = db.session();
    let written = 0;
    let isOver = false;
    const writer = (async () => {
      while (!isOver) await session.run('insert into t values ($1, null)', [100_000 + written++]);
    })();
    const seen: number[] = [];
    await db.backup(`${directory}-copy`, { progress: ({ copied }) => void seen.push(copied) });
    isOver = true;
    await writer;
    await session.close();
    ok(seen.length > 0 && seen.every((bytes, at) => at === 0 || bytes >= seen[at - 1]), seen.join(' '));
    const copy = open(`${directory}-copy`, { ...SMALL, create: false });
    const { n } = copy.prepare<{ n: number }>('select count(*) as n from t').get() ?? { n: 0 };
    deepStrictEqual(copy.check().problems, []);
    copy.close();
    rmSync(`${directory}-copy`, { recursive: true, force: true });
    ok(n >= 20_000 && n <= 20_000 + written, `${n} of ${written}`);
  }),
);
