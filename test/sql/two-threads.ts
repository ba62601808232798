/** One database and two threads with sessions of their own for all tests of a file: threads take their time to start. */

import { ok, strictEqual } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { type Database, open } from '../../engine/api/api.ts';
import { SqlThread } from './threads.ts';
import { problemsOf, SMALL } from './with-database.ts';

export interface TwoThreads {
  database(): Database;
  /** Runs a test's body, and looks behind it whether the database is sound. */
  run(body: (one: SqlThread, two: SqlThread, db: Database) => Promise<void>): Promise<void>;
}

/** Called once, outside the tests of a file. */
export function twoThreads(): TwoThreads {
  let shared: { directory: string; db: Database; threads: SqlThread[] } | null = null;
  const started = (): NonNullable<typeof shared> => shared as NonNullable<typeof shared>;

  before(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'scratchbird-two-'));
    const db = open(join(directory, 'db'), { ...SMALL, durability: 'off' });
    shared = { directory, db, threads: await Promise.all([SqlThread.start(db), SqlThread.start(db)]) };
  });

  after(async () => {
    if (shared === null) return;
    await Promise.all(shared.threads.map((thread) => thread.close()));
    shared.db.close();
    rmSync(shared.directory, { recursive: true, force: true });
  });

  return {
    database: () => started().db,
    async run(body) {
      const { db, threads } = started();
      await body(threads[0], threads[1], db);
      strictEqual(problemsOf(db), '');
    },
  };
}

/** One thread runs `held` in a block; the other's `text` waits until that block ends, and is answered with `code`. */
export async function waitsForEnd(
  [one, held]: readonly [SqlThread, string],
  [two, text]: readonly [SqlThread, string],
  end: 'commit' | 'rollback',
  code: string,
): Promise<void> {
  await one.run('begin');
  await one.run(held);
  const call = await two.step(text);
  ok(!call.isAnswered, `it waits: ${text}`);
  await one.run(end);
  strictEqual((await call.answered).code, code, `${text}, behind ${end} of ${held}`);
}
