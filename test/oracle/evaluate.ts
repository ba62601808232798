/**
 * The oracle: runs a bound module over tables in memory, before any optimisation, as plain as possible. Values, types, scales and errors
 * of everything else are compared with what it answers.
 */

import type { BoundChange } from '../../engine/sblr/bound-relations.ts';
import type { CatalogIndex, CatalogTable } from '../../engine/catalog/objects.ts';
import type {
  BoundInsert,
  BoundMerge,
  BoundModule,
  BoundNewRow,
  BoundSpread,
  ColumnId,
  OutputColumn,
  TableColumnUse,
} from '../../engine/sblr/bound.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { ValueContext } from '../../engine/values/context.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { compareValues, evaluate, over, type Scope } from './expression.ts';
import { type OracleSource, type OracleTable, relationRows, type Row, within } from './relation.ts';

export interface OracleResult {
  readonly columns: readonly OutputColumn[];
  readonly rows: readonly (readonly RowValue[])[];
  /** Rows inserted, updated or deleted. */
  readonly changes: number;
}

type Stored = Map<number, RowValue>;

export class OracleDatabase implements OracleSource {
  private readonly tables = new Map<number, { readonly table: CatalogTable; rows: Stored[] }>();
  /** What the statement at hand has done, by table. */
  private readonly works = new Map<number, Work>();

  /** Rows as lists in the order of the table's columns. */
  addTable(table: CatalogTable, rows: readonly (readonly RowValue[])[] = []): void {
    const stored = rows.map((row) => new Map(table.columns.map(({ number }, index) => [number, row[index] ?? null])));
    this.tables.set(table.id, { table, rows: stored });
  }

  table(id: number): OracleTable {
    return this.entry(id);
  }

  /** What takes the tables back to what they are now. */
  snapshot(): () => void {
    const kept = [...this.tables].map(([id, { table, rows }]) => [id, { table, rows }] as const);
    return () => {
      this.tables.clear();
      for (const [id, { table, rows }] of kept) this.tables.set(id, { table, rows });
    };
  }

  virtualRows(name: string): readonly Stored[] {
    throw new Error(`the oracle has no virtual table ${name}`);
  }

  private entry(id: number): { readonly table: CatalogTable; rows: Stored[] } {
    const found = this.tables.get(id);
    if (found === undefined) throw new Error(`there is no table ${id}`);
    return found;
  }

  /** Runs a statement; an error leaves the tables as they were. `parameters`: the client's, then the lifted literals. */
  run({ statement }: BoundModule, parameters: readonly RowValue[], context: ValueContext): OracleResult {
    const rowsOf: Scope['rowsOf'] = (relation, inside) => relationRows(relation, this, inside);
    const scope: Scope = { columns: new Map(), locals: new Map(), parameters, context, named: new Map(), rowsOf };
    this.works.clear();
    if (statement.kind === 'utility' || statement.kind === 'explain')
      throw new Error(`the oracle does not run ${statement.kind}`);
    const answer =
      statement.kind === 'query'
        ? { rows: relationRows(statement.root, this, scope), changes: 0 }
        : this.change(statement, scope);
    // Nothing of what a statement does is seen before it is at its end.
    for (const [id, work] of this.works) this.entry(id).rows = work.finished();
    return { columns: statement.output, rows: outputs(statement.output, answer.rows), changes: answer.changes };
  }

  private workOf(id: number): Work {
    let work = this.works.get(id);
    if (work === undefined) {
      const { table, rows } = this.entry(id);
      this.works.set(id, (work = new Work(table, [...rows])));
    }
    return work;
  }

  change(statement: BoundChange['statement'], scope: Scope): { readonly rows: Row[]; readonly changes: number } {
    const source = relationRows(statement.source, this, scope);
    if (statement.kind === 'spread') {
      const rows = source.flatMap((row) => this.spread(statement, row, scope));
      return { rows, changes: rows.length };
    }
    const work = this.workOf(statement.table);
    if (statement.kind === 'merge') return { rows: [], changes: merge(statement, source, work, scope) };
    const rows = source.flatMap((row) => changed(statement, row, work, scope));
    return { rows, changes: rows.length };
  }

  /** The branch that a row takes; one that leaves its table goes on. */
  private spread(statement: BoundSpread, row: Row, scope: Scope): Row[] {
    const inner = within(scope, row);
    const place = Number(row.get(statement.rowId));
    for (const { condition, action, table, row: made, conflict } of statement.branches) {
      if (condition !== null && evaluate(condition, inner) !== true) continue;
      if (action === 'nothing') return [];
      if (action === 'refuse') throw new SqlError(SQLSTATE.check_violation, 'no partition of relation found for row');
      const work = this.workOf(table);
      if (action === 'leave') {
        work.remove(place);
        continue;
      }
      if (action === 'delete') {
        work.remove(place);
        return [returned(statement, row, scope)];
      }
      if (action === 'insert')
        return work
          .insert({ row: made as BoundNewRow, conflict }, inner)
          .map((one) => returned(statement, new Map([...row, ...one]), scope));
      const changed = work.newRow(made as BoundNewRow, inner);
      work.replace(place, changed.stored);
      return [returned(statement, new Map([...row, ...changed.columns]), scope)];
    }
    return [];
  }
}

/** Does what is done with one row of the source, and answers what RETURNING says of it. */
function changed(
  statement: Exclude<BoundChange['statement'], BoundMerge | BoundSpread>,
  row: Row,
  work: Work,
  scope: Scope,
): Row[] {
  switch (statement.kind) {
    case 'delete': {
      const answer = returned(statement, row, scope);
      work.remove(Number(row.get(statement.rowId)));
      return [answer];
    }
    case 'update': {
      const made = work.newRow(statement.row, within(scope, row));
      work.replace(Number(row.get(statement.rowId)), made.stored);
      return [returned(statement, new Map([...row, ...made.columns]), scope)];
    }
    case 'insert':
      return work.insert(statement, within(scope, row)).map((made) => returned(statement, made, scope));
  }
}

/** Number of rows that were changed. */
function merge({ whens, present, rowId }: BoundMerge, rows: readonly Row[], work: Work, scope: Scope): number {
  const touched = new Set<number>();
  let changes = 0;
  for (const row of rows) {
    const inner = within(scope, row);
    const matched = row.get(present) !== null;
    const when = whens.find(
      (one) => one.matched === matched && (one.condition === null || evaluate(one.condition, inner) === true),
    );
    if (when === undefined || when.action === 'nothing') continue;
    const place = Number(row.get(rowId));
    if (matched && touched.has(place))
      throw new SqlError(SQLSTATE.cardinality_violation, 'MERGE command cannot affect row a second time');
    if (matched) touched.add(place);
    changes++;
    if (when.action === 'delete') work.remove(place);
    else if (when.action === 'update') work.replace(place, work.newRow(when.row as BoundNewRow, inner).stored);
    else work.put(work.newRow(when.row as BoundNewRow, inner).stored);
  }
  return changes;
}

const outputs = (output: readonly OutputColumn[], rows: readonly Row[]): RowValue[][] =>
  rows.map((row) => output.map(({ column }) => row.get(column) as RowValue));

/** RETURNING of one row, before the next row is looked at. */
const returned = ({ returning }: Pick<BoundInsert, 'returning'>, row: Row, scope: Scope): Row =>
  new Map([...row, ...returning.map(({ column, expression }) => [column, evaluate(expression, over(scope, row))] as const)]);

interface NewRow {
  readonly stored: Stored;
  readonly columns: Map<ColumnId, RowValue>;
  /** What was wrong with an attribute that is told late; null: nothing. */
  readonly error: unknown;
}

/** One statement's changes of a table: constraints are looked at row by row. */
class Work {
  readonly rows: Stored[];
  private readonly table: CatalogTable;
  /** Rows that this statement has inserted or changed already. */
  private readonly touched = new Set<Stored>();
  private readonly gone = new Set<number>();

  constructor(table: CatalogTable, rows: Stored[]) {
    this.table = table;
    this.rows = rows;
  }

  /** The row and its columns; NOT NULL and CHECK hold. Errors of the attributes `late` are told beside it. */
  newRow(node: BoundNewRow, scope: Scope, late: ReadonlySet<number> = new Set()): NewRow {
    const stored: Stored = new Map();
    const columns = new Map<ColumnId, RowValue>();
    let error: unknown = null;
    for (const { attribute, expression } of node.attributes) {
      // Hidden attributes come last and see the others.
      let value: RowValue = null;
      try {
        value = evaluate(expression, over(scope, new Map([...scope.columns, ...columns])));
      } catch (thrown) {
        if (!late.has(attribute)) throw thrown;
        error ??= thrown;
      }
      stored.set(attribute, value);
      columns.set((node.row.find((use) => use.attribute === attribute) as TableColumnUse).column, value);
    }
    for (const { number, name, type } of this.table.columns)
      if (type.name === 'numeric' && type.length > 0 && type.length <= 15 && stored.get(number) === 'NaN')
        throw new SqlError(SQLSTATE.feature_not_supported, `NaN in column "${name}" of so few digits is not supported`);
    for (const { number, name, notNull } of this.table.columns)
      if (notNull && stored.get(number) === null)
        throw new SqlError(
          SQLSTATE.not_null_violation,
          `null value in column "${name}" of relation "${this.table.name}" violates not-null constraint`,
        );
    for (const { name, expression } of node.checks)
      if (evaluate(expression, over(scope, columns)) === false)
        throw new SqlError(
          SQLSTATE.check_violation,
          `new row for relation "${this.table.name}" violates check constraint "${name}"`,
        );
    return { stored, columns, error };
  }

  /** The place of a row with the same key, or -1. NULLs are equal to nothing, unless the index says otherwise. */
  private meets(index: CatalogIndex, stored: Stored, except: number): number {
    return this.rows.findIndex((other, place) => {
      if (place === except || this.gone.has(place)) return false;
      return index.keys.every(({ attribute }) => {
        const [left, right] = [stored.get(attribute) as RowValue, other.get(attribute) as RowValue];
        if (left === null || right === null) return !index.nullsDistinct && left === right;
        const type = this.table.columns.find(({ number }) => number === attribute)?.type.name ?? 'text';
        return compareValues(type, left, right) === 0;
      });
    });
  }

  private checkUnique(stored: Stored, except: number): void {
    for (const index of this.table.indexes)
      if (index.unique && this.meets(index, stored, except) >= 0)
        throw new SqlError(SQLSTATE.unique_violation, `duplicate key value violates unique constraint "${index.name}"`);
  }

  /** MERGE: a row goes, and is not to be met again. */
  remove(place: number): void {
    this.gone.add(place);
  }

  finished(): Stored[] {
    return this.rows.filter((_, place) => !this.gone.has(place));
  }

  put(stored: Stored): void {
    this.checkUnique(stored, -1);
    this.rows.push(stored);
  }

  replace(place: number, stored: Stored): void {
    this.checkUnique(stored, place);
    this.rows[place] = stored;
    this.touched.add(stored);
  }

  /** The columns of the row that was inserted or, by ON CONFLICT, changed; none when nothing was. */
  insert({ row, conflict }: Pick<BoundInsert, 'row' | 'conflict'>, scope: Scope): Row[] {
    const watched = this.table.indexes.filter(
      ({ id, unique }) => unique && (conflict === null || conflict.indexes.length === 0 || conflict.indexes.includes(id)),
    );
    // Expressions of indexes that ON CONFLICT does not look at: evaluated when the row is in.
    const looked = new Set(watched.flatMap(({ keys }) => keys.map(({ attribute }) => attribute)));
    const late = this.table.columns.filter(({ hidden, number }) => conflict !== null && hidden !== null && !looked.has(number));
    const { stored, columns, error } = this.newRow(row, scope, new Set(late.map(({ number }) => number)));
    if (conflict !== null) {
      const places = watched.map((index) => this.meets(index, stored, -1)).filter((place) => place >= 0);
      if (places.length > 0) return conflict.change === null ? [] : this.change(places[0], conflict, row, columns, scope);
    }
    if (error !== null) throw error;
    this.checkUnique(stored, -1);
    this.rows.push(stored);
    this.touched.add(stored);
    return [columns];
  }

  private change(
    place: number,
    conflict: NonNullable<BoundInsert['conflict']>,
    row: BoundNewRow,
    inserted: Row,
    scope: Scope,
  ): Row[] {
    const met = this.rows[place];
    if (this.touched.has(met))
      throw new SqlError(SQLSTATE.cardinality_violation, 'ON CONFLICT DO UPDATE command cannot affect row a second time');
    const seen = new Map([
      ...inserted,
      ...conflict.existing.map(({ column, attribute }) => [column, met.get(attribute) as RowValue] as const),
    ]);
    const inner = over(scope, seen);
    if (conflict.where !== null && evaluate(conflict.where, inner) !== true) return [];
    const { stored } = this.newRow(conflict.change as BoundNewRow, inner);
    this.replace(place, stored);
    // RETURNING names the columns of the inserted row.
    return [new Map(row.row.map(({ column, attribute }) => [column, stored.get(attribute) as RowValue]))];
  }
}
