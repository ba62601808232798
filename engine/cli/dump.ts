/**
 * A database as SQL text, in an order in which it can be run:
 *
 *   schemas -> types, functions, sequences, tables, views (dump-objects.ts) -> rows, values of sequences
 *           -> keys, indexes, foreign keys -> policies, comments, privileges (dump-rest.ts)
 *
 * All is read in one transaction that sees one moment. Names are written with their schemas: the search path is empty, here and
 * where the text is run.
 */

import { objectsOf } from './dump-objects.ts';
import { behindRows, rolesOf } from './dump-rest.ts';
import { literal, quoted, type Target } from './target.ts';

export interface DumpOptions {
  readonly hasSchema: boolean;
  readonly hasData: boolean;
  readonly hasPrivileges: boolean;
}

export interface DumpFigures {
  tables: number;
  rows: number;
  bytes: number;
}

const HEAD = `-- A database of ScratchBird's.

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SELECT pg_catalog.set_config('search_path', '', false);
`;

/** Schemas that come with a database. */
export const OF_USERS = "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'sys')";

/** Rows of a query as texts. */
export async function texts(target: Target, sql: string): Promise<string[][]> {
  const { rows } = await target.run(sql);
  return rows.map((row) => row.map((value) => value ?? ''));
}

export const named = (schema: string, name: string): string => `${quoted(schema)}.${quoted(name)}`;

export async function* dumped(target: Target, options: DumpOptions, figures: DumpFigures): AsyncGenerator<Uint8Array> {
  const text = (lines: readonly string[]): Buffer => Buffer.from(lines.length === 0 ? '' : `\n${lines.join('\n')}\n`);
  await target.run('begin isolation level repeatable read read only');
  await target.run("select pg_catalog.set_config('search_path', '', false)");
  await target.run("set datestyle to 'ISO'");
  try {
    yield Buffer.from(HEAD);
    if (options.hasSchema) {
      if (options.hasPrivileges) yield text(await rolesOf(target));
      yield text(await schemasOf(target));
      yield text(await extensionsOf(target));
      yield text(await objectsOf(target));
    }
    if (options.hasData) {
      yield* rowsOf(target, figures);
      yield text(await sequenceValues(target));
    }
    if (options.hasSchema) yield text(await behindRows(target, options.hasPrivileges));
    yield Buffer.from('\n-- The end.\n');
  } finally {
    await target.run('rollback').catch(() => undefined);
  }
}

async function schemasOf(target: Target): Promise<string[]> {
  const found = await texts(target, `select n.nspname from pg_catalog.pg_namespace n where ${OF_USERS} order by n.oid`);
  return found.filter(([name]) => name !== 'public').map(([name]) => `CREATE SCHEMA ${quoted(name)};`);
}

async function extensionsOf(target: Target): Promise<string[]> {
  const found = await texts(
    target,
    `select e.extname, n.nspname from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
     where ${OF_USERS} order by e.oid`,
  );
  return found.map(([name, schema]) => `CREATE EXTENSION IF NOT EXISTS ${quoted(name)} WITH SCHEMA ${quoted(schema)};`);
}

/** COPY with its rows, of each table. */
async function* rowsOf(target: Target, figures: DumpFigures): AsyncGenerator<Uint8Array> {
  const tables = await texts(
    target,
    `select n.nspname, c.relname, c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and c.relpersistence <> 't' and ${OF_USERS} order by c.oid`,
  );
  for (const [schema, name, oid] of tables) {
    const columns = await texts(
      target,
      `select attname from pg_catalog.pg_attribute where attrelid = ${oid} and attnum > 0 and not attisdropped
       and attgenerated = '' order by attnum`,
    );
    const copied = `${named(schema, name)} (${columns.map(([column]) => quoted(column)).join(', ')})`;
    figures.tables++;
    yield Buffer.from(`\nCOPY ${copied} FROM stdin;\n`);
    for await (const piece of target.copyOut(`copy ${copied} to stdout`)) {
      for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) figures.rows++;
      yield piece;
    }
    yield Buffer.from('\\.\n');
  }
}

async function sequenceValues(target: Target): Promise<string[]> {
  const sequences = await texts(
    target,
    `select n.nspname, c.relname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'S' and ${OF_USERS} order by c.oid`,
  );
  const lines: string[] = [];
  for (const [schema, name] of sequences) {
    const full = named(schema, name);
    const [[last, isCalled]] = await texts(target, `select last_value, is_called from ${full}`);
    lines.push(`SELECT pg_catalog.setval(${literal(full)}, ${last}, ${isCalled === 't'});`);
  }
  return lines;
}
