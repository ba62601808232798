/**
 * Statements that tools have sent to PostgreSQL 15 (shared/corpora/introspection/postgresql, absent in most places), and what it answered:
 * recorded-columns.txt, written by record-columns.ts, has a line a statement.
 *
 *   == psql.sql
 *   SELECT oid:26 nspname:19 "Access privileges":25         the command, then name:type of each column; :104 a modifier
 *   INSERT | SELECT n:user                                  several in one text; types above 16383 have no number of their own
 *   ! 42P01                                                 an error
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const CORPUS = ['../../../shared', '../../shared']
  .map((place) => join(import.meta.dirname, place, 'corpora/introspection/postgresql'))
  .find((place) => existsSync(place));

/** Why tests of the corpus are skipped, or false. */
export const skipRecorded = CORPUS === undefined ? 'the corpus is not here' : false;

export const FILES = [
  ...['django', 'drizzle_kit', 'drizzle_orm', 'knex', 'kysely', 'mikro_orm', 'pg_dump', 'pg_tools', 'pgbench', 'pgcli', 'psql'],
  ...['sequelize', 'sequelize_auto', 'sqlalchemy', 'sysbench', 'typeorm'],
];

export const COLUMNS_FILE = join(import.meta.dirname, 'recorded-columns.txt');

export interface Recorded {
  /** What the tool was doing: a connection each. */
  readonly run: string;
  readonly text: string;
  readonly isExtended: boolean;
  readonly values: readonly (string | null)[];
}

/** Numbers of the recorded server, and what they were the numbers of. */
const NUMBERS: { readonly [recorded: string]: string } = {
  16389: "'app'::regnamespace",
  16403: "'app.address'::regtype",
  16405: "'app.email'::regtype",
  16407: "'app.invoice_no'::regclass",
  16409: "'app.customers'::regclass",
  16426: "'app.products'::regclass",
  16437: "'app.orders'::regclass",
  16449: "'app.order_items'::regclass",
  16465: "'app.orders_cust_idx'::regclass",
  16476: "'app.base'::regclass",
  16486: "'reporting.order_totals'::regclass",
  16502: "'public.users'::regclass",
  16512: "'public.posts'::regclass",
  16526: "'public.v_posts'::regclass",
};

/** A query for the number that each of them has in another server. */
export const NUMBERS_QUERY = `select ${Object.entries(NUMBERS)
  .map(([number, object]) => `(${object})::oid::text as "${number}"`)
  .join(', ')}`;

export function withNumbers(text: string, numbers: { readonly [recorded: string]: string }): string {
  return text.replace(/\b16\d{3}\b/g, (number) => numbers[number] ?? number);
}

const textOf = (file: string): string => readFileSync(join(CORPUS ?? '', `${file}.sql`), 'utf8');

/** Statements of the schema that the tools were pointed at; each ends with a line, dollars hold functions together. */
export function schemaStatements(): string[] {
  const found: string[] = [];
  let text = '';
  for (const line of textOf('schema').split('\n')) {
    text += `${line}\n`;
    if (!line.trimEnd().endsWith(';') || (text.match(/\$\$/g)?.length ?? 0) % 2 === 1) continue;
    found.push(text);
    text = '';
  }
  return found;
}

const VALUE = /\$\d+ = (NULL|'((?:[^']|'')*)')/g;

export function recordedIn(file: string): Recorded[] {
  const found: Recorded[] = [];
  let run = '';
  let head = 'simple';
  let lines: string[] = [];
  const push = (): void => {
    const text = lines.join('\n').trim().replace(/;$/, '');
    const values = [...head.matchAll(VALUE)].map(([, whole, value]) => (whole === 'NULL' ? null : value.replaceAll("''", "'")));
    if (text !== '') found.push({ run, text: withoutBlock(text), isExtended: head.startsWith('extended'), values });
    lines = [];
  };
  for (const line of textOf(file).split('\n')) {
    if (line.startsWith('-- === ') || line.startsWith('-- @ ')) push();
    if (line.startsWith('-- === ')) run = line.slice(7);
    else if (line.startsWith('-- @ ')) head = line.slice(5).trim();
    else lines.push(line);
  }
  push();
  return found;
}

/**
 * A block of PL/pgSQL that makes a type unless it is there, as Sequelize sends it: what is behind it needs the type, so the statement
 * in the block stands for it.
 */
const BLOCK = /DO 'BEGIN (CREATE TYPE [^;]*); EXCEPTION WHEN duplicate_object THEN null; END'/g;

const withoutBlock = (text: string): string => text.replace(BLOCK, (_, made: string) => made.replaceAll("''", "'"));

/** Reasons why a statement of the corpus is not run here, and which: file and places in it, from 0. */
export const LISTED: { readonly [reason: string]: { readonly [file: string]: readonly number[] } } = {
  'materialised views are for the breadth issue': { pg_tools: [48] },
  // Its own COMMIT ends what has not failed.
  'PL/pgSQL is for the breadth issue': { sequelize: [50, 51] },
};

export const isListed = (file: string, place: number): boolean =>
  Object.values(LISTED).some((files) => files[file]?.includes(place));

// ---- answers ----

export interface AnsweredColumn {
  readonly name: string;
  readonly type: number;
  readonly modifier: number;
}

/** One result as its line has it. */
export function answerText(command: string, columns: readonly AnsweredColumn[]): string {
  const shown = columns.map(({ name, type, modifier }) => {
    const own = /^[\w$?.-]+$/.test(name) ? name : JSON.stringify(name);
    return `${own}:${type >= 16384 ? 'user' : type}${modifier === -1 ? '' : `:${modifier}`}`;
  });
  return [command, ...shown].join(' ');
}

/** Lines by file. */
export function recordedAnswers(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of readFileSync(COLUMNS_FILE, 'utf8').split('\n')) {
    if (line.startsWith('== ')) {
      lines = [];
      found.set(line.slice(3), lines);
    } else if (line !== '') lines.push(line);
  }
  return found;
}
