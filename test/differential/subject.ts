/**
 * One statement, run by what we compare: the API, the direct evaluator, PGlite. All answer in one form: texts as PostgreSQL writes
 * them, or the code of the error.
 */

import type { PGlite } from '@electric-sql/pglite';
import { type Database, type Statement, SqlError } from '../../engine/api/api.ts';
import type { CatalogTable } from '../../engine/catalog/objects.ts';
import { bind } from '../../engine/plan/bind/bind.ts';
import type { BoundModule } from '../../engine/sblr/bound.ts';
import { verifyBound } from '../../engine/sblr/verify-bound.ts';
import { sqlType, type TypeName } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { ValueContext } from '../../engine/values/context.ts';
import { implementations } from '../../engine/values/functions.ts';
import { parseText } from '../../parsers/postgresql/parse.ts';
import { postgresql } from '../../parsers/postgresql/plugin.ts';
import { CONTEXT, OracleDatabase, TYPE_OIDS } from '../oracle/postgresql.ts';
import { parameterValue } from './random-values.ts';
import type { GivenValue } from './tree.ts';

export interface Answer {
  /** Code of the error; null: none. */
  readonly error: string | null;
  /** 'name:oid' of each column. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly changes: number;
}

export interface Text {
  readonly text: string;
  readonly values: readonly GivenValue[];
}

const failed = (error: string): Answer => ({ error, columns: [], rows: [], changes: 0 });

/** A value as PostgreSQL's output function writes it. */
function shown(type: string, value: unknown): string | null {
  if (value === null) return null;
  if (value === undefined) throw new Error('a value is undefined');
  if (type === 'bool') return value === true ? 't' : value === false ? 'f' : String(value);
  if (type === 'bytea') return `\\x${Buffer.from(value as Uint8Array).toString('hex')}`;
  if (type === 'float4' || type === 'float8') return implementations[`${type}.output`](value as RowValue) as string;
  return typeof value === 'string' ? value : String(value);
}

// ---- through the API ----

export type Format = 'object' | 'array';

/** A fault that is none of SQL: shown whole. */
const fault = (error: unknown, text: string): Error => new Error(`${text}\n${String(error)}`, { cause: error });

export class Subject {
  readonly db: Database;
  readonly #statements = new Map<string, Statement<unknown>>();

  constructor(db: Database) {
    this.db = db;
  }

  /** A text that was prepared before is not prepared again: its statement lives through changes of the catalog. */
  private prepared(text: string, format: Format): Statement<unknown> {
    const key = `${format} ${text}`;
    let statement = this.#statements.get(key);
    if (statement === undefined) {
      statement = this.db.prepare<unknown>(text);
      if (format === 'array') statement.raw();
      this.#statements.set(key, statement);
      if (this.#statements.size > 300) this.#statements.delete(this.#statements.keys().next().value as string);
    }
    return statement;
  }

  run({ text, values }: Text, format: Format): Answer {
    try {
      const statement = this.prepared(text, format);
      const result = statement.run(...values.map((one) => parameterValue(one.type, one.text)));
      return answerOf(statement, result, format, text);
    } catch (error) {
      if (!(error instanceof SqlError) || error.code === 'XX000') throw fault(error, text);
      const { position } = error;
      if (position !== undefined && (position < 1 || position > text.length + 1))
        throw fault(`position ${position} of ${error}`, text);
      return failed(error.code);
    }
  }

  define(text: string): Answer {
    try {
      this.db.exec(text);
      return { error: null, columns: [], rows: [], changes: 0 };
    } catch (error) {
      if (!(error instanceof SqlError) || error.code === 'XX000') throw fault(error, text);
      return failed(error.code);
    }
  }

  /** In a transaction, a statement that fails takes only itself back. */
  runWithin(text: Text, format: Format): Answer {
    this.db.exec('savepoint one');
    const answer = this.run(text, format);
    this.db.exec(answer.error === null ? 'release one' : 'rollback to one; release one');
    return answer;
  }

  inRollback<Value>(body: () => Value, isWithin = false): Value {
    this.db.exec(isWithin ? 'savepoint whole' : 'begin');
    try {
      return body();
    } finally {
      this.db.exec(isWithin ? 'rollback to whole; release whole' : 'rollback');
    }
  }
}

function answerOf(
  statement: Statement<unknown>,
  result: { changes: number; rows?: unknown[] },
  format: Format,
  text: string,
): Answer {
  const described = statement.columns();
  const rows = (result.rows ?? []).map((row) => {
    const values =
      format === 'array' ? (row as unknown[]) : described.map(({ name }) => (row as { [name: string]: unknown })[name]);
    if (values.length !== described.length) throw new Error(`${values.length} values in ${described.length} columns: ${text}`);
    return described.map(({ type, nullable, scale }, at) => {
      const value = shown(type, values[at]);
      if (value === null && !nullable) throw new Error(`NULL in column ${at + 1}, which is described as not null: ${text}`);
      const digits = value === null || scale === null || !/^-?\d/.test(value) ? null : (value.split('.')[1] ?? '').length;
      if (digits !== null && type === 'numeric' && digits !== scale)
        throw new Error(`${value} is not of scale ${scale}: ${text}`);
      return value;
    });
  });
  return {
    error: null,
    columns: described.map(({ name, type }) => `${name}:${TYPE_OIDS[type as TypeName]}`),
    rows,
    changes: described.length > 0 && result.changes === 0 ? rows.length : result.changes,
  };
}

// ---- the direct evaluator ----

export class Direct {
  readonly database = new OracleDatabase();
  readonly #db: Database;
  readonly #sequences = new Map<number, number>();
  readonly #context: ValueContext = {
    ...CONTEXT,
    nextValue: (sequence) => {
      const next = (this.#sequences.get(sequence) ?? 0) + 1;
      this.#sequences.set(sequence, next);
      return next;
    },
  };

  constructor(db: Database) {
    this.#db = db;
  }

  private bound(text: string): BoundModule {
    const { engine, connection } = this.#db;
    const [{ source, parameterCount }] = parseText(text, { standardStrings: true, namedParameters: false });
    const module = bind(source, {
      catalog: engine.catalog.reader(connection.session, null),
      semantics: postgresql.semantics,
      semanticsOf: () => postgresql.semantics,
      parameterTypes: new Array(parameterCount).fill(null),
      literals: [],
      policy: 'infer',
    });
    verifyBound(module);
    return module;
  }

  private tableOf(name: string): CatalogTable {
    const { engine, connection } = this.#db;
    const found = engine.catalog.reader(connection.session, null).findRelation(null, name);
    if (found?.kind !== 'table') throw new Error(`there is no table ${name}`);
    return found;
  }

  /** A new table. */
  create(name: string): void {
    this.database.addTable(this.tableOf(name));
  }

  /** What the sequence of a table's key gives next. */
  setSequence(table: string, next: number): void {
    this.#sequences.set(this.tableOf(table).columns[0].sequence, next - 1);
  }

  /** The catalog has changed: rows are stored anew, so that they have what new indexes need. */
  alter(name: string, isEmpty: boolean): void {
    const table = this.tableOf(name);
    const { columns, rows } = this.database.run(this.bound(`select * from ${name}`), [], this.#context);
    this.database.addTable(table);
    if (isEmpty) return;
    const names = columns.map((column) => column.name).join(', ');
    const insert = this.bound(`insert into ${name} (${names}) values (${columns.map((_, at) => `$${at + 1}`).join(', ')})`);
    for (const row of rows) this.database.run(insert, row, this.#context);
  }

  run({ text, values }: Text): Answer {
    try {
      const module = this.bound(text);
      const parameters = values.map((value, at) => this.parameter(module, at, value));
      const { columns, rows, changes } = this.database.run(module, parameters, this.#context);
      return {
        error: null,
        columns: columns.map(({ name, type }) => `${name}:${TYPE_OIDS[type.name]}`),
        rows: columns.length === 0 ? [] : rows.map((row) => row.map((value, at) => this.shown(columns[at].type.name, value))),
        changes: module.statement.kind === 'query' ? rows.length : changes,
      };
    } catch (error) {
      if (error instanceof SqlError && error.code !== 'XX000') return failed(error.code);
      throw fault(error, text);
    }
  }

  private parameter(module: BoundModule, at: number, { type, text }: GivenValue): RowValue {
    if (text === null) return null;
    const wanted = module.parameters[at] ?? sqlType(type as TypeName);
    return implementations[`text.to.${wanted.name}`](text, this.#context);
  }

  private shown(type: TypeName, value: RowValue): string | null {
    if (value === null || type === 'bool' || type === 'bytea') return shown(type, value);
    const output = implementations[`${type}.output`];
    return output === undefined ? shown(type, value) : String(output(value, this.#context));
  }
}

// ---- PGlite ----

const AS_TEXT = Object.fromEntries(Object.values(TYPE_OIDS).map((oid) => [oid, (text: string) => text]));

/** In a transaction, a statement that fails takes only itself back. */
export async function runPeerWithin(peer: PGlite, text: Text): Promise<Answer> {
  await peer.exec('savepoint one');
  const answer = await runPeer(peer, text);
  await peer.exec(answer.error === null ? 'release one' : 'rollback to one; release one');
  return answer;
}

export async function runPeer(peer: PGlite, { text, values }: Text): Promise<Answer> {
  try {
    // PGlite would send -0 as 0.
    const given = values.map((one) => (one.text === '-0' ? one.text : parameterValue(one.type, one.text)));
    const { rows, fields, affectedRows } = await peer.query<(string | null)[]>(text, given, {
      rowMode: 'array',
      parsers: AS_TEXT,
    });
    return {
      error: null,
      columns: fields.map(({ name, dataTypeID }) => `${name}:${dataTypeID}`),
      rows,
      changes: fields.length > 0 && (affectedRows ?? 0) === 0 ? rows.length : (affectedRows ?? 0),
    };
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw fault(error, text);
    return failed(code);
  }
}
