/** Literals and expressions with a syntax of their own, beside PostgreSQL: values, types, errors; one database for all of them. */
import { deepStrictEqual } from 'node:assert';
import { test } from 'node:test';
import { type Database, open, SqlError } from '../../engine/api/api.ts';
import { openPostgreSQL } from '../peer/postgresql.ts';
import { FORMS, SET_UP } from './forms.ts';

const textOf = (value: unknown): string | null =>
  value === null ? null : typeof value === 'object' ? JSON.stringify(value) : String(value);

function ours(db: Database, text: string): unknown {
  try {
    return db
      .prepare<unknown[]>(text)
      .raw()
      .all()
      .map((row) => row.map(textOf));
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return error.code;
  }
}

/** Each column as text, with its type. */
const asked = (form: string): string => `select x::text, pg_typeof(x)::text from (select ${form}) q(x)`;

test('literals and expressions with a syntax of their own give what PostgreSQL gives', async () => {
  const peer = await openPostgreSQL();
  using db = open(':memory:', { pool: 0 });
  for (const text of SET_UP) {
    db.exec(text);
    await peer.exec(text);
  }
  const differences: unknown[] = [];
  for (const form of FORMS) {
    let theirs: unknown;
    try {
      theirs = (await peer.query<unknown[]>(asked(form), [], { rowMode: 'array' })).rows.map((row) => row.map(textOf));
    } catch (error) {
      theirs = (error as { code: string }).code;
    }
    const own = ours(db, asked(form));
    if (JSON.stringify(own) !== JSON.stringify(theirs)) differences.push({ form, own, theirs });
  }
  await peer.close();
  deepStrictEqual(differences, []);
});
