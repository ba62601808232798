/** SQL text run two ways: bound and evaluated directly, and by PGlite. */

import type { PGlite } from '@electric-sql/pglite';
import { openPostgreSQL } from '../peer/postgresql.ts';
import { type Database, open } from '../../engine/api/api.ts';
import { bind } from '../../engine/plan/bind/bind.ts';
import { environmentOf, TABLE_T } from '../../engine/plan/bind/catalog-fixture.ts';
import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { BoundModule } from '../../engine/sblr/bound.ts';
import type { TypeName } from '../../engine/sblr/types.ts';
import { verifyBound } from '../../engine/sblr/verify-bound.ts';
import { verifySource } from '../../engine/sblr/verify-source.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { ValueContext } from '../../engine/values/context.ts';
import { parseText } from '../../parsers/postgresql/parse.ts';
import { semantics } from '../../parsers/postgresql/semantics.ts';
import { SqlError } from '../../shm/errors.ts';
import { OracleDatabase } from './evaluate.ts';

/** PostgreSQL's numbers of our types. */
export const TYPE_OIDS: { readonly [name in TypeName]?: number } = {
  bool: 16,
  bytea: 17,
  char: 1042,
  date: 1082,
  float4: 700,
  float8: 701,
  int2: 21,
  int4: 23,
  int8: 20,
  interval: 1186,
  json: 114,
  jsonb: 3802,
  name: 19,
  numeric: 1700,
  oid: 26,
  text: 25,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  uuid: 2950,
  varchar: 1043,
};

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000;

export const CONTEXT: ValueContext = {
  statementTime: NOW,
  transactionTime: NOW,
  timeZone: 'UTC',
  user: 'postgres',
  sessionUser: 'postgres',
  database: 'postgres',
  schema: 'public',
  setting: () => null,
  setSetting: (_, value) => value ?? '',
  random: () => 0.5,
  clock: () => NOW,
  nextValue: () => 1,
  currentValue: () => 1,
  setValue: () => {},
  lastValue: () => 1,
  sequenceByName: () => 1,
};

/** An error as both sides say it: its code. Anything but an SqlError is a fault of ours. */
export function codeOf(error: unknown): string {
  if (error instanceof SqlError && error.code !== 'XX000' && error.code !== '08P01') return error.code;
  throw error;
}

/** Parsed, verified, bound, verified. */
export function bindText(text: string, tables: readonly CatalogTable[] = [TABLE_T]): BoundModule {
  const [{ source, tokens }] = parseText(text, { standardStrings: true, namedParameters: false });
  verifySource(source, { tokens: tokens.length, literals: 0 });
  const module = bind(source, environmentOf(semantics, tables));
  verifyBound(module);
  return module;
}

/** 'name:oid,...' of the columns, then the parameters' types; or the code of the error. */
export function describeOurs(text: string, tables?: readonly CatalogTable[]): string {
  try {
    const { statement, parameters } = bindText(text, tables);
    const columns = 'output' in statement ? statement.output : [];
    const shown = columns.map(({ name, type }) => `${name}:${TYPE_OIDS[type.name]}`);
    return `${shown.join(',')} (${parameters.map(({ name }) => TYPE_OIDS[name])})`;
  } catch (error) {
    return codeOf(error);
  }
}

export async function describeTheirs(text: string, peer: PGlite): Promise<string> {
  try {
    const { resultFields, queryParams } = await peer.describeQuery(text);
    const shown = resultFields.map(({ name, dataTypeID }) => `${name}:${dataTypeID}`);
    return `${shown.join(',')} (${queryParams.map(({ dataTypeID }) => dataTypeID)})`;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** Rows of texts, or the code of the error. Statements that give texts only. */
export function runOurs(
  text: string,
  database: OracleDatabase,
  tables?: readonly CatalogTable[],
  parameters: readonly RowValue[] = [],
): string {
  try {
    const { columns, rows, changes } = database.run(bindText(text, tables), parameters, CONTEXT);
    return JSON.stringify(rows.length === 0 || columns.length === 0 ? changes : rows);
  } catch (error) {
    return codeOf(error);
  }
}

export async function runTheirs(text: string, peer: PGlite, parameters: readonly unknown[] = []): Promise<string> {
  try {
    const { rows, affectedRows } = await peer.query<unknown[]>(text, [...parameters], { rowMode: 'array' });
    return JSON.stringify(rows.length === 0 ? (affectedRows ?? 0) : rows);
  } catch (error) {
    return (error as { code: string }).code;
  }
}

export async function startPeer(...scripts: readonly string[]): Promise<PGlite> {
  const peer = await openPostgreSQL();
  await peer.exec(`set time zone 'UTC'; set datestyle = 'ISO, MDY'; set extra_float_digits = 1;`);
  for (const script of scripts) await peer.exec(script);
  return peer;
}

/** The engine itself, with these tables. */
export function openEngine(...scripts: readonly string[]): Database {
  const database = open(':memory:', { pool: 0, times: 'text', json: 'text' });
  for (const script of scripts) database.exec(script.replaceAll(' collate "C"', ''));
  return database;
}

/** As runOurs, by the engine: planned and compiled. */
export function runEngine(text: string, database: Database): string {
  try {
    const statement = database.prepare(text);
    if (!statement.reader) return JSON.stringify(statement.run().changes);
    const rows = statement.raw().all();
    return JSON.stringify(rows.length === 0 ? 0 : rows);
  } catch (error) {
    return codeOf(error);
  }
}

export { OracleDatabase };
