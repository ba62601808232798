/** Where clients connect to, what each of them is given, and the tables that they share. */

import { deepEqual, equal } from 'node:assert/strict';
import pg from 'pg';

export interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** A step of a client, a test of its own. */
export type Step = (name: string, body: () => Promise<void>) => Promise<void>;

export type ClientSuite = (place: Place, step: Step) => Promise<void>;

/** What a client may find of an error: PostgreSQL's fields by pg's names. */
export interface ServerError {
  readonly code: string;
  readonly constraint?: string;
  readonly table?: string;
  readonly column?: string;
  readonly detail?: string;
}

/** The error that this ends with; clients wrap the driver's own: it is looked for. */
export async function serverError(body: Promise<unknown> | (() => PromiseLike<unknown>)): Promise<ServerError> {
  try {
    await (typeof body === 'function' ? body() : body);
  } catch (error) {
    for (let inner = error as { [key: string]: unknown }; inner; ) {
      if (/^[0-9A-Z]{5}$/.test(String(inner.code))) return inner as unknown as ServerError;
      inner = (inner.driverError ?? inner.original ?? inner.parent ?? inner.cause) as typeof inner;
    }
    throw error;
  }
  throw new Error('it was expected to fail');
}

/** What is refused says where: these fields are as given. */
export async function refuses(
  body: Promise<unknown> | (() => PromiseLike<unknown>),
  fields: Partial<ServerError>,
): Promise<void> {
  const error = await serverError(body);
  const given = Object.fromEntries(
    Object.keys(fields).map((key) => [key, (error as unknown as { [key: string]: unknown })[key]]),
  );
  deepEqual(given, fields);
}

/** Nothing is left of the client before. */
export async function cleared(place: Place): Promise<void> {
  const client = new pg.Client({ ...place });
  await client.connect();
  const { rows } = await client.query(`select tablename from pg_tables where schemaname = 'public'`);
  for (const { tablename } of rows) await client.query(`drop table if exists "${tablename}" cascade`);
  const types = await client.query(`select typname from pg_type where typtype = 'e' and typnamespace = 'public'::regnamespace`);
  for (const { typname } of types.rows) await client.query(`drop type "${typname}" cascade`);
  await client.end();
}

/** The tables of those clients that do not define them by means of their own. */
export const TABLES = `
create table writers (
  id serial primary key,
  name varchar(80) not null,
  email text unique,
  born date,
  created timestamptz not null default now(),
  constraint writers_name_check check (length(name) > 1)
);
create table books (
  id bigserial primary key,
  writer_id integer not null references writers (id) on delete cascade,
  title text not null,
  price numeric(10, 2),
  pages integer,
  tags text[] not null default '{}',
  about jsonb,
  published boolean not null default false,
  unique (writer_id, title)
);
create index books_price on books (price);
`;

/** Values of each type, both ways; what a client makes of them is its own. */
export const SAMPLES = `
create table samples (
  id integer primary key,
  small smallint, large bigint, exact numeric(20, 5), single real, twice double precision,
  yes boolean, words text, fixed char(4), bytes bytea, key uuid,
  day date, at timestamp, moment timestamptz, hour time, span interval,
  document json, binary_document jsonb, numbers integer[], texts text[]
);
`;

export const UUID = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
export const MOMENT = new Date('2024-02-29T12:34:56.789Z');

/** Rows are as many as are asked for, and these. */
export function rowsAre(rows: readonly unknown[], expected: readonly unknown[]): void {
  equal(rows.length, expected.length);
  deepEqual(JSON.parse(JSON.stringify(rows)), JSON.parse(JSON.stringify(expected)));
}

/** A pool that is closed; one whose connection hangs is left behind. */
export async function ended(end: Promise<unknown>): Promise<void> {
  await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
}
