/** Statement lists run here and in PostgreSQL: each statement ends with the same rows, or the words of the same error. */

import { deepStrictEqual } from 'node:assert/strict';
import { open } from '../../engine/api/api.ts';
import { SqlError } from '../../shm/errors.ts';
import { openPostgreSQL } from './postgresql.ts';

/** How a statement ends: its rows, or its error. */
type Ending =
  | { readonly rows: readonly unknown[] }
  | { readonly code: string; readonly message: string; readonly detail: string };

/** Rows come in no order of their own. */
const inOrder = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

/** PostgreSQL shows the row. */
const detailOf = (code: string, detail: string | undefined): string =>
  code === '23514' || code === '44000' ? '' : (detail ?? '');

type PostgreSQL = Awaited<ReturnType<typeof openPostgreSQL>>;

async function theirs(postgres: PostgreSQL, sql: string): Promise<Ending> {
  try {
    const { rows } = await postgres.query(sql);
    return { rows: inOrder(rows) };
  } catch (error) {
    const { code, message, detail } = error as { code: string; message: string; detail?: string };
    return { code, message, detail: detailOf(code, detail) };
  }
}

function ours(db: ReturnType<typeof open>, sql: string): Ending {
  try {
    return { rows: inOrder(db.prepare(sql).all()) };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return { code: error.code, message: error.message, detail: detailOf(error.code, error.detail) };
  }
}

/** Statements one after the other: each ends as in PostgreSQL, with its rows or the words of its error. */
async function alike(postgres: PostgreSQL, text: string, name: string): Promise<void> {
  using db = open(':memory:');
  await postgres.exec(`create schema ${name}; set search_path = ${name}`);
  db.exec(`create schema ${name}; set search_path = ${name}`);
  const differences: unknown[] = [];
  for (const sql of text.split('\n').filter((line) => line.trim() !== '')) {
    const expected = await theirs(postgres, sql);
    const found = ours(db, sql);
    if (JSON.stringify(expected) !== JSON.stringify(found)) differences.push({ sql, expected, found });
  }
  await postgres.exec('rollback; reset search_path');
  deepStrictEqual(differences, []);
}

/** Both, and what compares them: `alike` runs the statements of a text, one a line, in a schema of this name. */
export async function besidePostgreSQL(): Promise<{
  readonly alike: (text: string, name: string) => Promise<void>;
  readonly close: () => Promise<void>;
}> {
  const postgres = await openPostgreSQL();
  return { alike: (text, name) => alike(postgres, text, name), close: () => postgres.close() };
}
