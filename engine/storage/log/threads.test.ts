import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { poison } from '../../../shm/critical.ts';
import { handleOf, type SharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_HOST } from '../../../shm/threads.ts';
import { RealVfs } from '../vfs/real-vfs.ts';
import { durableLsn, flushAll, flushTo } from './flush.ts';
import { fixtureMemory, type FixtureOptions, fixtureOptions, fixtureWorld, readBack, writeNumbered } from './log-fixture.ts';
import type { Log } from './log-context.ts';
import { LOG_SHARED_RING_USED } from './log-shared.layout.gen.ts';
import { attachLog, closeLog, FIRST_LSN, firstLogStart, startLog } from './open.ts';
import type { ThreadWork } from './threads-test-worker.ts';
import { whenDurable } from './when-durable.ts';

const KNOWN = { lsn: FIRST_LSN, segment: 1, durableLsn: FIRST_LSN };

interface Setting {
  vfs: RealVfs;
  shm: SharedMemory;
  log: Log;
  given: FixtureOptions;
}

async function withLog(given: FixtureOptions, body: (setting: Setting) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-log-'));
  try {
    const all = { ...given, directory: join(directory, 'log') };
    const vfs = new RealVfs();
    const shm = fixtureMemory(all);
    attachThread(shm, THREAD_ROLE_HOST);
    const log = attachLog(shm, fixtureWorld(vfs), fixtureOptions(all));
    startLog(log, firstLogStart());
    await body({ vfs, shm, log, given: all });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs one worker; resolves with its answer, or undefined if it ended without one. */
async function runWorker(setting: Setting, work: Omit<ThreadWork, 'handle' | 'given'>): Promise<number[] | undefined> {
  const { archive: _, ...given } = setting.given;
  const worker = new Worker(new URL('./threads-test-worker.ts', import.meta.url), {
    workerData: { ...work, handle: handleOf(setting.shm), given } satisfies ThreadWork,
  });
  let answer: number[] | undefined;
  worker.on('message', (message: number[]) => {
    answer = message;
    if (message[0] === -1) void worker.terminate();
  });
  await once(worker, 'exit');
  return answer;
}

for (const kind of ['blocking', 'async'] as const) {
  test(`three threads commit ${kind}: every record comes back once, in each thread's order, stamps in the order of the log`, async () => {
    await withLog({}, async (setting) => {
      const works = [1, 2, 3].map((thread) => runWorker(setting, { kind, first: thread * 100_000, count: 1200 }));
      const ends = (await Promise.all(works)).map((answer) => answer ?? assert.fail('a thread gave no answer'));
      const end = flushAll(setting.log);
      for (const [last] of ends) assert.ok(last <= durableLsn(setting.log));
      const read = readBack(setting.vfs, setting.given, { ...KNOWN, durableLsn: end });
      assert.equal(read.numbers.length, 3600);
      for (const thread of [1, 2, 3]) {
        const own = read.numbers.filter((number) => Math.floor(number / 100_000) === thread);
        assert.deepEqual(
          own,
          Array.from({ length: 1200 }, (_, index) => thread * 100_000 + index),
        );
      }
      assert.equal(read.committed.length, 90);
      assert.ok(
        read.stamps.every((stamp, index) => index === 0 || stamp > read.stamps[index - 1]),
        'TX-T7',
      );
      closeLog(setting.log);
      assert.equal(Atomics.load(setting.log.control, (setting.log.shared + LOG_SHARED_RING_USED) >>> 2), 0);
    });
  });
}

test('whenDurable resolves in order, together with the blocking flush of the same thread', async () => {
  await withLog({}, async ({ log }) => {
    const order: number[] = [];
    const waits = [1, 2, 3].map((number) => whenDurable(log, writeNumbered(log, 1, number, 8)).then(() => order.push(number)));
    await Promise.all(waits);
    assert.deepEqual(order, [1, 2, 3]);
    const end = writeNumbered(log, 1, 4, 8);
    const wait = whenDurable(log, end);
    flushTo(log, end);
    await wait;
    await whenDurable(log, end);
  });
});

test('a poisoned handle rejects those who wait, with 57P02', async () => {
  await withLog({}, async ({ log, shm }) => {
    const wait = whenDurable(log, writeNumbered(log, 1, 1, 8));
    poison(shm, 'a test said so');
    await assert.rejects(wait, { code: '57P02' });
  });
});

test('a thread that dies outside gives its ring credit back', async () => {
  await withLog({}, async (setting) => {
    await runWorker(setting, { kind: 'die with credit', first: 0, count: 0 });
    // More than the rest of the ring: only with the dead thread's credit is there room.
    for (let number = 0; number < 200; number++) writeNumbered(setting.log, 1, number, 3000);
    flushAll(setting.log);
  });
});

test('a thread that dies while it leads: whoever waits for it gets an error, not a hang', async () => {
  await withLog({}, async (setting) => {
    await runWorker(setting, { kind: 'die leading', first: 0, count: 0 });
    const end = writeNumbered(setting.log, 1, 1, 8);
    assert.throws(() => flushTo(setting.log, end), { code: '57P02', message: /died while it wrote the log/ });
  });
});
