/** Answers of the 22 queries beside PostgreSQL's: values as texts, in the order in which they come. */
import type { Database } from '../../../../engine/api/api.ts';
import type { PostgresqlServer } from '../../../harness/postgresql.ts';
import { QUERIES } from './queries.ts';

export interface Answered {
  /** Of the query, from 1. */
  readonly number: number;
  readonly rows: number;
  /** Where the answers part; null: they do not. */
  readonly difference: string | null;
}

/** A value as PostgreSQL's text has it. */
const textOf = (value: unknown): string | null => (value === null ? null : String(value));

const linesOf = (rows: readonly (readonly unknown[])[]): string[] => rows.map((row) => JSON.stringify(row.map(textOf)));

function differenceOf(mine: readonly string[], theirs: readonly string[]): string | null {
  for (let row = 0; row < Math.max(mine.length, theirs.length); row++) {
    if (mine[row] === theirs[row]) continue;
    const sameRows = [...mine].sort().join() === [...theirs].sort().join();
    return `row ${row + 1} is ${mine[row] ?? 'missing'} instead of ${theirs[row] ?? 'none'}${sameRows ? '; the same rows in another order' : ''}`;
  }
  return null;
}

/** Asks both for every query. */
export async function* compareAnswers(database: Database, server: PostgresqlServer): AsyncGenerator<Answered> {
  for (const [index, sql] of QUERIES.entries()) {
    const { rows } = await server.client.query({ text: sql, rowMode: 'array', types: { getTypeParser: () => String } });
    const mine = linesOf(database.prepare(sql).raw().all() as unknown[][]);
    yield { number: index + 1, rows: rows.length, difference: differenceOf(mine, linesOf(rows)) };
  }
}
