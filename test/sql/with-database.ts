/** A database in a directory of its own for one test; opened again where a test asks for that. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, open, type OpenOptions } from '../../engine/api/api.ts';

/** Small, no background threads: tests run many of them. */
export const SMALL: OpenOptions = { cacheSize: '4MB', logSegment: '1MB', pool: 0 };

export interface Place {
  readonly directory: string;
  /** Closes it and opens it again; attached threads have left. */
  reopen(): Database;
}

/** A test's function: `body` gets a new database, which is closed and removed behind it. */
export function withDatabase(
  body: (database: Database, place: Place) => void | Promise<void>,
  options: OpenOptions = {},
): () => Promise<void> {
  return async () => {
    const root = mkdtempSync(join(tmpdir(), 'scratchbird-sql-'));
    const directory = join(root, 'db');
    const all = { ...SMALL, ...options };
    let database = open(directory, all);
    const place: Place = {
      directory,
      reopen: () => {
        database.close();
        database = open(directory, all);
        return database;
      },
    };
    try {
      await body(database, place);
    } finally {
      database.close();
      rmSync(root, { recursive: true, force: true });
    }
  };
}

/** What check() finds wrong, as text; '' when all is well. */
export const problemsOf = (database: Database): string =>
  database
    .check()
    .problems.map(({ file, page, what }) => `${file} page ${page}: ${what}`)
    .join('\n');
