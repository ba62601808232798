import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { handleOf } from '../../../shm/shared-memory.ts';
import type { IndexKind } from '../rows/runtime.ts';
import { RealVfs } from '../vfs/real-vfs.ts';
import { changeOf, createStore, keyOf, keyText, type Store, seedOf } from './btree-fixture.ts';
import { checkIndex } from './check.ts';
import { createIndex } from './create.ts';
import { indexInsert } from './insert.ts';
import type { Job } from './threads-test-worker.ts';

function runJob(job: Job): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./threads-test-worker.ts', import.meta.url), { workerData: job });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'btree-'));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function entriesOf(store: Store, kind: IndexKind, root: number): string[] {
  const found: string[] = [];
  checkIndex(
    store.tree,
    { root, kind },
    (page, message) => assert.fail(`page ${page} ${message}`),
    (key) => found.push(`${keyText(kind, key)} ${key.i32[2]}`),
  );
  return found.sort();
}

async function changeTogether(directory: string, kind: IndexKind, frames: number, spread: number): Promise<void> {
  const store = createStore(new RealVfs(), { frames, framesPerSegment: 16, ringBytes: 128 << 10 }, directory);
  const root = createIndex(store.tree, kind, true, false, spread === 0 ? 12 : 0);
  const range = 2000;
  const wanted: string[] = [];
  for (let number = 0; number < range; number += 10) {
    const key = keyOf(kind, number, spread);
    indexInsert(store.tree, { root, kind }, key, 4000, 1, changeOf(99));
    wanted.push(`${keyText(kind, key)} 4000`);
  }
  const seed = seedOf(`threads ${kind} ${frames}`);
  const jobs = [0, 1, 2].map((mine) =>
    runJob({
      handle: handleOf(store.shm),
      directory,
      kind,
      root,
      seed: seed + mine,
      mine,
      operations: 4000,
      range,
      spread,
      unique: false,
    }),
  );
  for (const [mine, own] of (await Promise.all(jobs)).entries()) {
    for (const number of own) wanted.push(`${keyText(kind, keyOf(kind, number, spread))} ${mine}`);
  }
  assert.deepEqual(entriesOf(store, kind, root), wanted.sort());
}

for (const kind of ['i32', 'i64', 'bytes'] as const) {
  test(`${kind}: three threads insert, remove, look up and scan; nothing is lost, with all pages in the cache and with a tiny one`, async () => {
    await inDirectory((directory) => changeTogether(directory, kind, 1024, kind === 'bytes' ? 300 : 0));
    await inDirectory((directory) => changeTogether(directory, kind, 40, kind === 'bytes' ? 300 : 0));
  });
}

test('SM-B3: of threads that insert the same keys into a unique index exactly one succeeds for each key', async () => {
  await inDirectory(async (directory) => {
    const store = createStore(new RealVfs(), { frames: 256, ringBytes: 128 << 10 }, directory);
    const root = createIndex(store.tree, 'i64', true, false, 10);
    const operations = 3000;
    const seed = seedOf('unique');
    const jobs = [0, 1, 2].map((mine) =>
      runJob({
        handle: handleOf(store.shm),
        directory,
        kind: 'i64',
        root,
        seed: seed + mine,
        mine,
        operations,
        range: 0,
        spread: 0,
        unique: true,
      }),
    );
    const owners = new Map<number, number>();
    for (const [mine, own] of (await Promise.all(jobs)).entries()) {
      for (const number of own) {
        assert.equal(owners.has(number), false, `key ${number} was inserted twice`);
        owners.set(number, mine);
      }
    }
    const wanted = [...owners].map(([number, mine]) => `${keyText('i64', keyOf('i64', number))} ${mine}`).sort();
    assert.deepEqual(entriesOf(store, 'i64', root), wanted);
    assert.ok(owners.size >= operations / 2);
  });
});
