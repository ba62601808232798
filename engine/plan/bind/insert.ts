/** INSERT: a source of rows, each made a new row of the table. */

import type { CatalogColumn, CatalogTable } from '../../catalog/objects.ts';
import type {
  BoundExpression,
  BoundInsert,
  BoundNewRow,
  BoundProject,
  BoundRelation,
  BoundSpread,
  BoundValues,
  TableColumnUse,
} from '../../sblr/bound.ts';
import type { SourceExpression, SourceInsertNode, SourceQuery, SourceValuesNode } from '../../sblr/source.gen.ts';
import { withNullable } from '../../sblr/types.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { bindReturning, noting, targetColumn, type TargetReads, targetScope } from './change.ts';
import { clauseOf, columnNode } from './clause.ts';
import { castAssign } from './coerce.ts';
import { bindConflict, securedConflict } from './conflict.ts';
import { fault, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { findCatalogRelation, findTable } from './tables.ts';
import { mustBeColumns, mustReturnColumns, viewChecks, viewScope, viewTarget } from './view-target.ts';
import { storedSystem } from './from.ts';
import { bindBlock, type QueryPlace, topPlace } from './query.ts';
import { type RowDemand, securedRow } from './row-security.ts';
import { bindRoutedInsert } from './spread.ts';
import { visibleColumns } from './scope.ts';
import type { BindState } from './state.ts';
import { bindNewRow, defaultValue } from './stored.ts';
import { mayGive } from './update.ts';
import { bindWith } from './with.ts';

/** Rows to insert, and the column that holds each target's value. */
interface InsertSource {
  readonly relation: BoundRelation;
  /** Those that the statement names, DEFAULT or not. */
  readonly columns: readonly CatalogColumn[];
  readonly values: ReadonlyMap<CatalogColumn, BoundExpression>;
}

const ONE_ROW: BoundRelation = { op: 'values', columns: [], rows: [[]] };

const isPlainValues = (query: SourceQuery): query is SourceValuesNode =>
  query.op === 'values' && query.with === null && query.order.length === 0 && query.limit === null && query.offset === null;

/** The list of columns. */
type Named = Pick<SourceInsertNode, 'columns' | 'columnsAt'>;

/** Token of the n-th column name: there is a comma between two. */
const columnPlace = (source: Named, index: number): number => source.columnsAt + 2 * index;

const namedColumns = (source: Named, table: CatalogTable, state: BindState): CatalogColumn[] =>
  source.columns.map((name, index) => targetColumn(table, name, state, columnPlace(source, index)));

/** Columns that the statement gives values for, `width` of them; `placeOf` the n-th value. 42601, 42701, 42703 */
export function targets(
  source: Named,
  table: CatalogTable,
  width: number,
  placeOf: (index: number) => number,
  state: BindState,
): CatalogColumn[] {
  const named = namedColumns(source, table, state);
  const twice = named.findIndex((column, index) => named.indexOf(column) !== index);
  if (twice >= 0)
    throw fault(SQLSTATE.duplicate_column, `column "${named[twice].name}" specified more than once`, columnPlace(source, twice));
  const columns = source.columns.length > 0 ? named : visibleColumns(table);
  if (width > columns.length)
    throw fault(SQLSTATE.syntax_error, 'INSERT has more expressions than target columns', placeOf(columns.length));
  if (width < columns.length && (source.columns.length > 0 || state.semantics.insertsAllColumns === true))
    throw fault(SQLSTATE.syntax_error, 'INSERT has more target columns than expressions', columnPlace(source, width));
  return columns.slice(0, width);
}

/** Does the statement's value count, or the column's own? 428C9 */
export function takesValue(column: CatalogColumn, source: Pick<SourceInsertNode, 'overriding'>, at: number): boolean {
  if (column.generated !== undefined)
    throw new SqlError(SQLSTATE.generated_always, `cannot insert a non-DEFAULT value into column "${column.name}"`, {
      position: at,
      detail: `Column "${column.name}" is a generated column.`,
    });
  if (column.identity !== 'none' && source.overriding === 'user') return false;
  if (column.identity !== 'always' || source.overriding === 'system') return true;
  throw fault(
    SQLSTATE.generated_always,
    `cannot insert a non-DEFAULT value into column "${column.name}"`,
    at,
    `column "${column.name}" is an identity column defined as GENERATED ALWAYS: use OVERRIDING SYSTEM VALUE to override it`,
  );
}

function bindValuesSource(
  source: SourceInsertNode,
  query: SourceValuesNode,
  table: CatalogTable,
  { state, outer, ctes }: QueryPlace,
): InsertSource {
  const rows = query.rows.map((row) => (row.op === 'row' ? row.items : [row]));
  const ragged = rows.findIndex((row) => row.length !== rows[0].length);
  if (ragged >= 0)
    throw fault(SQLSTATE.syntax_error, 'VALUES lists must all be the same length', rows[ragged][0]?.at ?? query.at);
  const clause = clauseOf(state, { relations: [], outer, ctes }, 'VALUES');
  const columns = targets(source, table, rows[0].length, (index) => rows[0][index].at, state);
  const cell = (item: SourceExpression, column: CatalogColumn): BoundExpression => {
    if (item.op === 'default' || !takesValue(column, source, item.at)) return defaultValue(column, state, item.at);
    return castAssign(state, bindExpr(item, clause), column, item.at);
  };
  const bound = rows.map((row) => row.map((item, index) => cell(item, columns[index])));
  const ids = columns.map((column, index) => ({
    column: state.newColumn(),
    type: withNullable(
      column.type,
      bound.some((row) => row[index].type.nullable),
    ),
  }));
  const relation: BoundValues = { op: 'values', columns: ids, rows: bound };
  return {
    relation,
    columns,
    values: new Map(columns.map((column, index) => [column, columnNode(ids[index].column, ids[index].type, query.at, state)])),
  };
}

function bindQuerySource(source: SourceInsertNode, query: SourceQuery, table: CatalogTable, place: QueryPlace): InsertSource {
  const { state } = place;
  const all = source.columns.length > 0 ? namedColumns(source, table, state) : visibleColumns(table);
  const { root, output, places } = bindBlock(query, place, all);
  const columns = targets(source, table, output.length, (index) => places[index], state);
  const values = new Map<CatalogColumn, BoundExpression>();
  const added: BoundProject['columns'][number][] = [];
  for (const [index, column] of columns.entries()) {
    if (!takesValue(column, source, query.at)) continue;
    const node = columnNode(output[index].column, output[index].type, places[index], state);
    const cast = castAssign(state, node, column, places[index]);
    if (cast.op === 'column') {
      values.set(column, cast);
      continue;
    }
    const id = state.newColumn();
    added.push({ column: id, expression: cast });
    values.set(column, columnNode(id, cast.type, query.at, state));
  }
  return { relation: added.length === 0 ? root : { op: 'project', input: root, columns: added }, columns, values };
}

function bindSource(source: SourceInsertNode, table: CatalogTable, place: QueryPlace): InsertSource {
  if (source.source === null) return { relation: ONE_ROW, columns: [], values: new Map() };
  return isPlainValues(source.source)
    ? bindValuesSource(source, source.source, table, place)
    : bindQuerySource(source, source.source, table, place);
}

/** What policies ask of a row that is inserted; one that is read must be seen. */
export const insertDemands = ({ row }: BoundNewRow, { isRead }: TargetReads): RowDemand[] => [
  { command: 'insert', isUsing: false, of: 'new', row },
  ...(isRead ? [{ command: 'select', isUsing: true, of: 'new', row } as const] : []),
];

export function bindInsert(source: SourceInsertNode, state: BindState, above = topPlace(state)): BoundInsert | BoundSpread {
  const ctes = source.with === null ? null : bindWith(source.with, above);
  const place = ctes?.place ?? above;
  const found = findCatalogRelation(source.table, state);
  const through = found.kind === 'view' ? viewTarget(found, ['insert'], state, 'insert into', source.table.at) : null;
  const table = through?.table ?? findTable(source.table, state);
  if (through === null) state.useSome(table, 'insert');
  const named = through?.named ?? table;
  const rows = bindSource(source, named, place);
  if (through !== null) mustBeColumns(through, [...rows.values.keys()], 'insert into', source.at);
  mayGive(
    { table, through },
    'insert',
    rows.columns.map(({ number }) => number),
    state,
  );
  if (through !== null && source.conflict !== null) throw unsupported('ON CONFLICT through a view is', source.conflict.at);
  const given = new Map([...rows.values].map(([column, value]) => [column.number, value]));
  const defaultFor = (column: CatalogColumn): CatalogColumn =>
    named.columns.find(({ number }) => number === column.number) ?? column;
  const made = bindNewRow(
    table,
    (column) => given.get(column.number) ?? defaultValue(defaultFor(column), state, source.at),
    state,
    { isRouted: table.partitioning !== undefined && table.bound === undefined },
  );
  const row = through === null ? made : { ...made, checks: [...made.checks, ...viewChecks(through, made.row)] };
  if (through !== null && source.returning.length > 0) mustReturnColumns(through, row.row, source.at);
  const alias = source.alias ?? named.name;
  const reads = { isRead: false };
  // Of a partitioned table each partition has its own.
  const conflict =
    source.conflict === null || table.partitioning !== undefined
      ? null
      : bindConflict(source.conflict, table, alias, row, place, reads);
  // RETURNING shows the row as inserted or as changed: what either may leave NULL is nullable.
  const shown = row.row.map((use) => {
    const changed = conflict?.change?.row.find(({ attribute }) => attribute === use.attribute);
    return changed?.type.nullable === true ? { ...use, type: withNullable(use.type, true) } : use;
  });
  const target =
    through === null
      ? { ...targetScope(table, alias, shown, [], state, reads), system: storedSystem(table, row.row as TableColumnUse[], state) }
      : noting(viewScope(through, alias, [], shown, state), reads);
  const scope = { relations: [target], outer: null, ctes: place.ctes };
  const { returning, output } = bindReturning(source.returning, scope, state);
  if (table.partitioning !== undefined) {
    if (through !== null) throw unsupported('INSERT through a view of a partitioned table is', source.at);
    const made = { relation: ctes === null ? rows.relation : ctes.around(rows.relation), row, reads, alias, place };
    return bindRoutedInsert(source, table, made, { returning, output });
  }
  return {
    kind: 'insert',
    table: table.id,
    source: ctes === null ? rows.relation : ctes.around(rows.relation),
    row: securedRow(row, table, insertDemands(row, reads), through?.inside ?? state),
    conflict: securedConflict(conflict, table, reads, state),
    returning,
    output,
  };
}
