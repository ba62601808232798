/** Statements in their order on a database of their own, and what each of them answers. */

import { deepStrictEqual } from 'node:assert';
import { type Database, open, SqlError } from '../../engine/api/api.ts';

export type Step = readonly [text: string, expected: unknown];

/** Rows; the number of rows changed; code and message of an error. */
export function answer(db: Database, text: string): unknown {
  try {
    const statement = db.prepare(text);
    return statement.reader ? statement.raw().all() : statement.run().changes;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return `${error.code} ${error.message}`;
  }
}

export function run(steps: readonly Step[]): void {
  using db = open(':memory:', { pool: 0 });
  for (const [text, expected] of steps) deepStrictEqual(answer(db, text), expected, text);
}
