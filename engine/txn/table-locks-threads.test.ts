/** TX-T14 in real threads: what is published by plain stores and one addition is seen by who wants the table for itself. */
import { deepStrictEqual, ok } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { handleOf } from '../../shm/shared-memory.ts';
import { RealVfs } from '../storage/vfs/real-vfs.ts';
import { createLockStore, lockMemory } from './locks-fixture.ts';
import type { Job } from './table-locks-test-worker.ts';

const ROLES: Job['role'][] = ['defines', 'writes', 'reads'];

test('TX-T14: whoever has a table for itself is alone with it, while others begin to use it at any time', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tables-'));
  try {
    const path = join(directory, 'database');
    const shm = lockMemory();
    const { table } = createLockStore(new RealVfs(), shm, path);
    const shared = {
      handle: handleOf(shm),
      directory: path,
      place: { root: table.indexes[0].root, mapRoot: table.mapRoot },
      words: new Int32Array(new SharedArrayBuffer(64)),
      threads: ROLES.length,
      rounds: 1500,
    };
    const outcomes = await Promise.all(ROLES.map((role) => run({ ...shared, role })));
    deepStrictEqual(
      outcomes.map(({ together }) => together),
      [0, 0, 0],
    );
    for (const { got } of outcomes) ok(got >= 1000, JSON.stringify(outcomes));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

function run(job: Job): Promise<{ got: number; refused: number; together: number }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./table-locks-test-worker.ts', import.meta.url), { workerData: job });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
}
