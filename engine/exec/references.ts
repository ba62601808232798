/**
 * Foreign keys, and deferrable UNIQUE and PRIMARY KEY, behind a statement: what its changes have noted (ReferenceEvent) is looked after
 * by statements of the engine's own, each with a snapshot of its own, so that they see what the statement has done and what others
 * have committed (TX-T12).
 *
 *   a row refers to nothing     is it still there, and is there something by now? else 23503; deferred: at the commit
 *   a row has a key             does another one have it, or may get it back? 23505 (codegen/jit/late-keys.ts); deferred: at the commit
 *   a row that others refer to  NO ACTION, RESTRICT: does one still? 23503;  CASCADE, SET NULL, SET DEFAULT: change them
 *
 * What these statements change notes further events. When one of them has to wait, all is taken back to before the statement, which
 * waits and runs again.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { CatalogForeignKey, CatalogReader, CatalogTable } from '../catalog/objects.ts';
import { bind } from '../plan/bind/bind.ts';
import { madeTypesOf } from '../plan/bind/environment.ts';
import { isPlanned, optimize } from '../plan/optimize/optimize.ts';
import { type Program, type ReferenceEvent, RUN_DONE, RUN_RERUN, RUN_WAIT, type RunStatus } from '../plan/program.ts';
import type { SqlType } from '../sblr/types.ts';
import type { Session } from '../session/session.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { implementations } from '../values/functions.ts';
import { beginStatement, endStatement, STATEMENT_SIMPLE } from '../txn/begin.ts';
import { failSerialization, waitForConflict } from '../txn/conflict.ts';
import { undoStatement } from '../txn/rollback.ts';
import { READ_COMMITTED, ROW_DONE, ROW_WAIT, type Transaction } from '../txn/transactions.ts';
import type { Engine } from './engine.ts';
import { createParameters } from './parameters.ts';
import { attemptOnce, type StatementRun } from './run.ts';

/** A foreign key with its tables, as the transaction sees them. */
interface Reference {
  readonly table: CatalogTable;
  readonly key: CatalogForeignKey;
  readonly parent: CatalogTable;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const placeOf = ({ schema, name }: CatalogTable): string => `${quoted(schema)}.${quoted(name)}`;
const nameOf = ({ columns }: CatalogTable, attribute: number): string =>
  columns.find(({ number }) => number === attribute)?.name ?? '';
const typeOf = ({ columns }: CatalogTable, attribute: number): SqlType =>
  (columns.find(({ number }) => number === attribute) as CatalogTable['columns'][number]).type;

type What = 'refers' | 'isThere' | 'delete' | 'change' | 'setNull' | 'setDefault' | 'setNullOnly' | 'setDefaultOnly';

const matching = (table: CatalogTable, attributes: readonly number[]): string =>
  attributes.map((attribute, at) => `${quoted(nameOf(table, attribute))} = $${at + 1}`).join(' and ');

/** The statement that looks after an event; its parameters are the key's values, then those that they become. */
function textOf({ table, key, parent }: Reference, what: What): string {
  const own = placeOf(table);
  const where = matching(table, key.attributes);
  const set = (attributes: readonly number[], value: (at: number) => string): string =>
    `update only ${own} set ${attributes.map((one, at) => `${quoted(nameOf(table, one))} = ${value(at)}`).join(', ')} where ${where}`;
  switch (what) {
    case 'refers':
      return `select 1 from only ${own} where ${where} limit 1`;
    case 'isThere':
      return `select 1 from ${parent.partitioning === undefined ? 'only ' : ''}${placeOf(parent)} where ${matching(parent, key.referenced)} for key share`;
    case 'delete':
      return `delete from only ${own} where ${where}`;
    case 'change':
      return set(key.attributes, (at) => `$${key.attributes.length + at + 1}`);
    case 'setNull':
      return set(key.attributes, () => 'null');
    case 'setNullOnly':
      return set(key.deleteAttributes, () => 'null');
    case 'setDefault':
      return set(key.attributes, () => 'default');
    case 'setDefaultOnly':
      return set(key.deleteAttributes, () => 'default');
  }
}

/** Compiled statements of this thread's engine, by the versions of the tables that they are for. */
const programs = new WeakMap<Engine, Map<string, Program>>();
const PROGRAMS_MAX = 500;

function programOf(engine: Engine, session: Session, tx: Transaction, of: Reference, what: What): Program {
  const known = programs.get(engine) ?? new Map<string, Program>();
  programs.set(engine, known);
  const key = `${of.table.id} ${of.key.name} ${what} ${of.table.version} ${of.parent.version}`;
  const found = known.get(key);
  if (found?.isCurrent() === true) return found;
  const program = compile(engine, session, tx, of, what);
  if (known.size >= PROGRAMS_MAX) known.clear();
  known.set(key, program);
  return program;
}

function compile(engine: Engine, session: Session, tx: Transaction, of: Reference, what: What): Program {
  const { dialect } = engine;
  const reader = engine.catalog.reader(session, tx);
  const [{ source }] = dialect.parse(textOf(of, what), { standardStrings: true, namedParameters: false });
  const types = of.key.attributes.map((attribute, at) =>
    what === 'isThere' ? typeOf(of.parent, of.key.referenced[at]) : typeOf(of.table, attribute),
  );
  const parameterTypes = what === 'change' ? [...types, ...types] : types;
  const catalog: CatalogReader = {
    ...madeTypesOf(reader),
    version: reader.version,
    findRelation: (schema, name) => reader.findRelation(schema, name),
    relation: (id) => reader.relation(id),
    // The foreign key's rights are those of the tables' owners.
    allows: () => true,
  };
  const module = bind(source, {
    ...{ catalog, semantics: dialect.semantics, semanticsOf: (name: string) => engine.dialectOf(name).semantics },
    ...{ parameterTypes, literals: [], policy: 'infer' },
  });
  if (!isPlanned(module.statement)) throw new SqlError(SQLSTATE.internal_error, 'a foreign key asks by statements with a plan');
  engine.active = session;
  const plan = optimize(module.statement, {
    table: (id) => engine.environment.table(id),
    size: (table) => engine.catalog.size(table),
    parameter: () => undefined,
  });
  return engine.compiler.compile(plan, module.parameters, 'array', engine.environment);
}

/** The statement stops: all of it is to be taken back. */
class Stopped extends Error {
  readonly status: RunStatus;

  constructor(status: RunStatus) {
    super('a statement of a foreign key stops');
    this.status = status;
  }
}

/** One settling: its events, in the order in which they came. */
class Settling {
  readonly engine: Engine;
  readonly session: Session;
  readonly tx: Transaction;
  readonly #main: Pick<StatementRun, 'context' | 'canceled'>;
  readonly events: ReferenceEvent[];
  readonly #isFinal: boolean;

  constructor(
    engine: Engine,
    session: Session,
    tx: Transaction,
    main: Pick<StatementRun, 'context' | 'canceled'>,
    events: ReferenceEvent[],
    isFinal: boolean,
  ) {
    this.engine = engine;
    this.session = session;
    this.tx = tx;
    this.#main = main;
    this.events = events;
    this.#isFinal = isFinal;
  }

  all(): void {
    // Events of the statements that are run here come behind.
    for (let at = 0; at < this.events.length; at++) this.#one(this.events[at]);
  }

  #one(event: ReferenceEvent): void {
    const reader = this.engine.catalog.reader(this.session, this.tx);
    const table = reader.relation(event.table);
    if (event.kind === 'unique') return this.#unique(table?.kind === 'table' ? table : null, event);
    const key = table?.kind === 'table' ? table.foreignKeys?.find(({ name }) => name === event.constraint) : undefined;
    const parent = key === undefined ? null : reader.relation(key.table);
    if (table?.kind !== 'table' || key === undefined || parent?.kind !== 'table') return;
    const of: Reference = { table, key, parent };
    const isPutOff = (): boolean => this.#defers(table.id, key.name, key, event);
    if (event.kind === 'refers') return this.#refers(of, event, isPutOff);
    if (
      this.tx.isolation !== READ_COMMITTED &&
      this.engine.compiler.newerRows(this.engine.environment, this.tx, table, key.attributes, event.values)
    )
      throw new Stopped(RUN_RERUN);
    const action = event.kind === 'deleted' ? key.onDelete : key.onUpdate;
    const only = event.kind === 'deleted' && key.deleteAttributes.length > 0;
    switch (action) {
      case 'noAction':
        if (isPutOff()) return;
        if (this.#rows(of, 'isThere', event.values) > 0) return;
        if (this.#rows(of, 'refers', event.values) > 0) throw stillReferenced(of, event.values, false);
        return;
      case 'restrict':
        if (this.#rows(of, 'refers', event.values) > 0) throw stillReferenced(of, event.values, true);
        return;
      case 'cascade':
        if (event.next === null) this.#rows(of, 'delete', event.values);
        else this.#rows(of, 'change', [...event.values, ...event.next]);
        return;
      case 'setNull':
        this.#rows(of, only ? 'setNullOnly' : 'setNull', event.values);
        return;
      case 'setDefault':
        this.#rows(of, only ? 'setDefaultOnly' : 'setDefault', event.values);
        // Rows whose default is what they had refer to nothing now.
        if (this.#rows(of, 'isThere', event.values) === 0 && this.#rows(of, 'refers', event.values) > 0)
          throw stillReferenced(of, event.values, false);
    }
  }

  #unique(table: CatalogTable | null, event: ReferenceEvent): void {
    const index = table?.indexes.find(({ constraint }) => constraint === event.constraint);
    if (table === null || index === undefined) return;
    const when = { deferrable: index.deferrable !== undefined, deferred: index.deferrable === 'deferred' };
    if (this.#defers(table.id, event.constraint, when, event)) return;
    const { engine, tx } = this;
    const status = engine.compiler.checkLateKey(engine.environment, tx, table, event);
    if (status !== ROW_DONE) throw new Stopped(status === ROW_WAIT ? RUN_WAIT : RUN_RERUN);
  }

  #refers(of: Reference, event: ReferenceEvent, isPutOff: () => boolean): void {
    if (isPutOff()) return;
    if (event.values.some((value) => value === null)) throw notThere(of, event.values);
    if (this.#rows(of, 'refers', event.values) === 0) return;
    if (this.#rows(of, 'isThere', event.values) === 0) throw notThere(of, event.values);
  }

  /** The commit will look after it. */
  #defers(table: number, name: string, when: Pick<CatalogForeignKey, 'deferrable' | 'deferred'>, event: ReferenceEvent): boolean {
    if (this.#isFinal || !when.deferrable) return false;
    if (!this.session.deferral.isDeferred(table, name, when.deferred)) return false;
    const { engine, session } = this;
    const main = this.#main;
    session.deferral.events.push(event);
    session.deferral.settle ??= (tx) => settleAtCommit(engine, session, tx, main);
    return true;
  }

  /** Runs a statement to its end; how many rows it gave or changed. */
  #rows(of: Reference, what: What, values: readonly RowValue[]): number {
    const { engine, session, tx } = this;
    const program = programOf(engine, session, tx, of, what);
    const parameters = createParameters(values.length);
    for (const [at, value] of values.entries()) setParameter(parameters, at, value);
    const { context, canceled } = this.#main;
    const rows: unknown[] = [];
    const run: StatementRun = {
      ...{ tx, parameters, context, rows, rowsMax: Number.POSITIVE_INFINITY, changes: 0, canceled, execution: null },
      ...{ takeRows: () => [], pause: null, pauseAt: Number.POSITIVE_INFINITY, settle: () => {}, isInner: true },
    };
    const status = attemptOnce(engine, session, tx, program, run, engine.catalog.version(session));
    if (status === RUN_WAIT || status === RUN_RERUN) throw new Stopped(status);
    if (status !== RUN_DONE) throw new Stopped(RUN_RERUN);
    this.events.push(...(run.references ?? []));
    return program.output.length > 0 ? rows.length : run.changes;
  }
}

function setParameter(to: ReturnType<typeof createParameters>, at: number, value: RowValue): void {
  to.nulls[at] = value === null ? 1 : 0;
  to.numbers[at] = typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : 0;
  to.values[at] = typeof value === 'number' || typeof value === 'boolean' ? undefined : value;
}

const shownValue = (value: RowValue, type: SqlType): string => {
  if (value === null) return 'null';
  const output = implementations[`${type.name}.output`];
  return String(output === undefined ? value : output(value, { timeZone: 'UTC', setting: () => null }));
};

const shownKey = (
  table: CatalogTable,
  attributes: readonly number[],
  of: CatalogTable,
  shown: readonly number[],
  values: readonly RowValue[],
): string =>
  `Key (${shown.map((one) => nameOf(of, one)).join(', ')})=(${values.map((value, at) => shownValue(value, typeOf(table, attributes[at]))).join(', ')})`;

function notThere({ table, key, parent }: Reference, values: readonly RowValue[]): SqlError {
  const isMixed = values.some((value) => value === null);
  return new SqlError(
    SQLSTATE.foreign_key_violation,
    `insert or update on table "${table.name}" violates foreign key constraint "${key.name}"`,
    {
      detail: isMixed
        ? 'MATCH FULL does not allow mixing of null and nonnull key values.'
        : `${shownKey(table, key.attributes, table, key.attributes, values)} is not present in table "${parent.name}".`,
      ...{ schema: table.schema, table: table.name, constraint: key.name },
    },
  );
}

/** RESTRICT has words of its own. */
function stillReferenced({ table, key, parent }: Reference, values: readonly RowValue[], restrict: boolean): SqlError {
  const what = restrict ? 'violates RESTRICT setting of foreign key constraint' : 'violates foreign key constraint';
  return new SqlError(
    restrict ? SQLSTATE.restrict_violation : SQLSTATE.foreign_key_violation,
    `update or delete on table "${parent.name}" ${what} "${key.name}" on table "${table.name}"`,
    {
      detail: `${shownKey(table, key.attributes, parent, key.referenced, values)} is ${restrict ? '' : 'still '}referenced from table "${table.name}".`,
      ...{ schema: table.schema, table: table.name, constraint: key.name },
    },
  );
}

type Main = Pick<StatementRun, 'context' | 'canceled'>;

/** Behind a statement: RUN_DONE, or why it stops. 23503, 23505, 23001 and whatever the actions meet. */
export function settleReferences(
  engine: Engine,
  session: Session,
  tx: Transaction,
  main: Main,
  events: ReferenceEvent[],
): RunStatus {
  const { length } = session.deferral.events;
  try {
    new Settling(engine, session, tx, main, events, false).all();
    return RUN_DONE;
  } catch (error) {
    session.deferral.events.length = Math.min(length, session.deferral.events.length);
    if (error instanceof Stopped) return error.status;
    throw error;
  }
}

/** Looks after what was put off, of the constraints that are chosen; waits where others are in the way. 23503, 23505, 40001 */
export function settleDeferred(
  engine: Engine,
  session: Session,
  tx: Transaction,
  main: Main,
  chosen: (event: ReferenceEvent) => boolean,
): void {
  const due = session.deferral.events.filter(chosen);
  for (;;) {
    // What is taken back when it stops begins here: not with the transaction's last statement.
    beginStatement(tx, STATEMENT_SIMPLE, true);
    try {
      new Settling(engine, session, tx, main, [...due], true).all();
      session.deferral.events = session.deferral.events.filter((event) => !due.includes(event));
      endStatement(tx);
      return;
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
      if (error.status === RUN_RERUN && tx.isolation !== READ_COMMITTED) failSerialization(tx);
      undoStatement(tx, true);
      if (error.status === RUN_WAIT) waitForConflict(tx);
    }
  }
}

const settleAtCommit = (engine: Engine, session: Session, tx: Transaction, main: Main): void =>
  settleDeferred(engine, session, tx, main, () => true);
