/**
 * Changes through a view (updatable.ts says which): the statement changes the table behind it. Names are the view's columns, rows those
 * that its conditions let through; WITH CHECK OPTION asks of each new row that they let it through, too.
 */

import type { CatalogColumn, CatalogRelation, CatalogTable, CatalogView } from '../../catalog/objects.ts';
import { type BoundCheck, type BoundExpression, type Right, type TableColumnUse, viewCheckName } from '../../sblr/bound.ts';
import { sqlType } from '../../sblr/types.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { clauseOf } from './clause.ts';
import { toBoolean } from './coerce.ts';
import { bindExpr } from './expressions.ts';
import { bindItems } from './output.ts';
import type { ScopeColumn, ScopeRelation } from './scope.ts';
import type { BindState } from './state.ts';
import { columnReader, findCatalogRelation, scopeRelation } from './tables.ts';
import { notUpdatable, type UpdatableQuery } from './updatable.ts';
import { viewQuery, viewState } from './views.ts';

/** A column of the view: what it is over the table's row, and the table's attribute if it is one. */
interface ViewColumn {
  readonly name: string;
  readonly node: BoundExpression;
  readonly attribute: number;
  readonly default: CatalogColumn['default'];
}

interface Exposed {
  readonly columns: readonly ViewColumn[];
  readonly conditions: readonly {
    readonly view: CatalogView;
    readonly condition: BoundExpression;
    readonly isChecked: boolean;
  }[];
  /** The relations on the way down, in whose state they are read, and which of their columns an attribute of the table is. */
  readonly levels: readonly {
    readonly relation: CatalogRelation;
    readonly state: BindState;
    readonly columnOf: (attribute: number) => number;
  }[];
}

/** Number of the view's column that shows an attribute of the table. */
const shownAs =
  (columns: readonly ViewColumn[]) =>
  (attribute: number): number =>
    columns.findIndex((column) => column.attribute === attribute) + 1;

/** The table behind a view, and the state in which that view reads it. 55000 */
export function tableBehind(
  view: CatalogView,
  state: BindState,
  verb: string,
  at: number,
): { readonly table: CatalogTable; readonly inside: BindState } {
  const why = notUpdatable(viewQuery(view), view.columns.length, state.semantics);
  if (why !== null)
    throw new SqlError(SQLSTATE.object_not_in_prerequisite_state, `cannot ${verb} view "${view.name}"`, {
      detail: why,
      position: at,
    });
  const inside = viewState(view, state, at);
  const [from] = (viewQuery(view) as UpdatableQuery).from;
  const found = findCatalogRelation(from.name, inside);
  const real = state.environment.catalog.relation(found.id) ?? found;
  if (real.kind === 'view') return tableBehind(real, inside, verb, at);
  if (real.kind === 'table') return { table: real, inside };
  throw new SqlError(SQLSTATE.object_not_in_prerequisite_state, `cannot ${verb} view "${view.name}"`, {
    detail: 'Views that do not select from a single table or view are not automatically updatable.',
    position: at,
  });
}

/** The view over one row of its table, whose columns have these ids. `checks`: conditions of all below count. */
function expose(
  view: CatalogView,
  state: BindState,
  uses: readonly TableColumnUse[],
  rights: readonly Right[],
  checks: boolean,
  at: number,
): Exposed {
  const inside = viewState(view, state, at);
  const query = viewQuery(view) as UpdatableQuery;
  const [from] = query.from;
  const found = findCatalogRelation(from.name, inside);
  for (const right of [...rights, 'select'] as Right[]) inside.useSome(found, right);
  const reads = columnReader(found, inside);
  const alias = from.alias?.name ?? found.name;
  let below: Exposed = { columns: [], conditions: [], levels: [] };
  let relation: ScopeRelation;
  const isChecked = checks || view.check !== 'none';
  if (found.kind === 'view') {
    const real = state.environment.catalog.relation(found.id) as CatalogView;
    below = expose(real, inside, uses, rights, checks || view.check === 'cascaded', at);
    const columns = found.columns.map(({ name, number }): ScopeColumn => {
      const { node } = below.columns[number - 1];
      if (node.op !== 'column') throw computed(real, at);
      const seen: ScopeColumn = { name, column: node.column, type: node.type, table: 0, attribute: 0 };
      return reads === undefined ? seen : { ...seen, mayRead: reads(number) };
    });
    relation = { alias, schema: null, name: found.name, columns, onRead: () => {} };
  } else relation = scopeRelation(found as CatalogTable, alias, uses, from.alias?.columns ?? [], () => {}, reads);
  const scope = { relations: [relation], outer: null };
  const items = bindItems(query.items, clauseOf(inside, scope, 'SELECT'));
  const columns = view.columns.map(({ name, number, default: given }): ViewColumn => {
    const { node } = items[number - 1];
    const attribute = node.op === 'column' ? (uses.find(({ column }) => column === node.column)?.attribute ?? 0) : 0;
    return { name, node, attribute, default: given };
  });
  const own =
    query.where === null
      ? []
      : [{ view, isChecked, condition: toBoolean(inside, bindExpr(query.where, clauseOf(inside, scope, 'WHERE')), 'WHERE', at) }];
  const columnOf = found.kind === 'view' ? shownAs(below.columns) : (attribute: number): number => attribute;
  const levels = [...below.levels, { relation: found, state: inside, columnOf }];
  return { columns, conditions: [...below.conditions, ...own], levels };
}

const computed = (view: CatalogView, at: number): SqlError =>
  new SqlError(
    SQLSTATE.feature_not_supported,
    `changing view "${view.name}", which has computed columns, through another view is not supported`,
    {
      position: at,
    },
  );

export interface ViewTarget {
  readonly view: CatalogView;
  /** The table under the view's names: its columns are those that can be given values. */
  readonly named: CatalogTable;
  readonly expose: (uses: readonly TableColumnUse[], rights: readonly Right[]) => Exposed;
  /** The state in which the innermost view reads the table: whose policies count. */
  readonly inside: BindState;
  /** Whoever asks may give these attributes of the table values through the view, and so may the owners of views. 42501 */
  readonly mayGive: (right: Right, attributes: readonly number[]) => void;
}

/** A view as the target of a change. 42501 */
export function viewTarget(
  view: CatalogView,
  rights: readonly Right[],
  state: BindState,
  verb: string,
  at: number,
): ViewTarget & { readonly table: CatalogTable } {
  for (const right of rights) state.useSome(view, right);
  const { table, inside } = tableBehind(view, state, verb, at);
  const exposed = (uses: readonly TableColumnUse[], asked: readonly Right[]): Exposed =>
    expose(view, state, uses, asked, false, at);
  const probe = table.columns.map(({ number, type }) => ({ column: state.newColumn(), attribute: number, type }));
  const probed = exposed(probe, rights);
  const columns = probed.columns.map((one): CatalogColumn => {
    const own = table.columns.find(({ number }) => number === one.attribute);
    if (own !== undefined) return { ...own, name: one.name, default: one.default ?? own.default };
    return {
      ...{ number: 0, name: one.name, type: sqlType(one.node.type.name), notNull: false, default: null, identity: 'none' },
      ...{ sequence: 0, hidden: null, kernelColumn: -1 },
    };
  });
  const hidden = table.columns.filter((column) => column.hidden !== null);
  const mayGive: ViewTarget['mayGive'] = (right, attributes) => {
    const own = { relation: view, state, columnOf: shownAs(probed.columns) };
    for (const level of [own, ...probed.levels]) level.state.use(level.relation, right, attributes.map(level.columnOf));
  };
  return {
    view,
    table,
    named: { ...table, name: view.name, columns: [...columns, ...hidden] },
    expose: exposed,
    inside,
    mayGive,
  };
}

/** The view's names over a row of its table; columns that are computed are not among them. */
export function viewScope(
  target: ViewTarget,
  alias: string,
  names: readonly string[],
  uses: readonly TableColumnUse[],
  state: BindState,
): ScopeRelation {
  const { view } = target;
  const onRead = (): void => state.useSome(view, 'select');
  const reads = columnReader(view, state);
  const columns = target.expose(uses, []).columns.flatMap(({ name, node }, at): ScopeColumn[] =>
    node.op === 'column'
      ? [
          {
            ...{ name: names[at] ?? name, column: node.column, type: node.type, table: view.id, attribute: at + 1 },
            ...(reads !== undefined && { mayRead: reads(at + 1) }),
          },
        ]
      : [],
  );
  return { alias, schema: alias === view.name ? view.schema : null, name: view.name, columns, onRead };
}

/** What WITH CHECK OPTION asks of a new row: NULL refuses, too. */
export function viewChecks(target: ViewTarget, row: readonly TableColumnUse[]): BoundCheck[] {
  return target
    .expose(row, [])
    .conditions.filter(({ isChecked }) => isChecked)
    .map(({ view, condition }) => ({
      name: viewCheckName(view.name),
      expression: { op: 'isTest', operand: condition, test: 'true', negated: false, type: sqlType('bool', false) },
    }));
}

/** 0A000 for a column of a view that is none of its table's. */
export function mustBeColumns(target: ViewTarget, columns: readonly CatalogColumn[], verb: string, at: number): void {
  const found = columns.find(({ number }) => number === 0);
  if (found === undefined) return;
  throw new SqlError(SQLSTATE.feature_not_supported, `cannot ${verb} column "${found.name}" of view "${target.view.name}"`, {
    detail: 'View columns that are not columns of their base relation are not updatable.',
    position: at,
  });
}

/** 0A000: what is computed has no place in a new row. */
export function mustReturnColumns(target: ViewTarget, uses: readonly TableColumnUse[], at: number): void {
  if (target.expose(uses, []).columns.every(({ node }) => node.op === 'column')) return;
  throw new SqlError(
    SQLSTATE.feature_not_supported,
    `RETURNING of view "${target.view.name}", which has computed columns, is not supported`,
    { position: at },
  );
}
