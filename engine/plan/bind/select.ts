/**
 * SELECT. Clauses are bound in the order in which types of parameters are settled (FROM, items, WHERE, HAVING, ORDER BY, GROUP BY,
 * DISTINCT, LIMIT); the relations stand in the order in which they run:
 *
 *   Get -> Filter -> [Aggregate -> Filter] -> [Window] -> Project -> [Distinct] -> [Sort] -> [Distinct on] -> [Lock] -> [Limit]
 */

import type { BoundColumn, BoundExpression, BoundRelation, ColumnId, OutputColumn } from '../../sblr/bound.ts';
import type { SourceExpression, SourceSelectNode, SourceSortItem } from '../../sblr/source.gen.ts';
import { withNullable } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { mustCompare, sortKey } from './calls.ts';
import { BlockAggregates, type Clause, clauseOf, columnNode } from './clause.ts';
import { settled, toBoolean } from './coerce.ts';
import { readsColumns } from './compare.ts';
import { fault } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { type BoundFrom, FromBinder } from './from.ts';
import { Grouping } from './grouping.ts';
import { hasSets, isDistinct, setsOf } from './grouping-sets.ts';
import { limited } from './limit.ts';
import { bindLocking, notLocked } from './locking.ts';
import { findByName, findByPosition } from './order.ts';
import { bindItems, type Item, settleItems } from './output.ts';
import type { BoundBlock, QueryPlace, QueryTargets } from './query.ts';
import { sameExpression } from './same.ts';
import type { OuterScope, Scope } from './scope.ts';
import { BlockSets } from './set-calls.ts';
import type { BindState } from './state.ts';
import { BlockWindows } from './windows.ts';

/** ONE_ROW: SELECT without FROM. */
const ONE_ROW: BoundRelation = { op: 'values', columns: [], rows: [[]] };

/** Place of the first expression of DISTINCT ON that no sort key is. */
function foreignTo(
  source: SourceSelectNode,
  order: readonly { readonly expression: BoundExpression }[],
  on: readonly BoundExpression[],
  state: BindState,
): number {
  const isKey = (node: BoundExpression): boolean => order.some(({ expression }) => sameExpression(node, expression, state));
  const foreign = on.findIndex((node) => !isKey(node));
  return source.distinctOn[Math.max(foreign, 0)].at;
}

/** Columns that grouping sets may make NULL are read as if they were: what is made of them above follows. */
const withNulls = (scope: Scope): Scope => ({
  ...scope,
  relations: scope.relations.map((relation) => ({
    ...relation,
    columns: relation.columns.map((column) => ({ ...column, type: withNullable(column.type, true) })),
  })),
});

export class SelectBlock {
  private readonly source: SourceSelectNode;
  private readonly state: BindState;
  private readonly targets: QueryTargets;
  private readonly keepsUnknown: boolean;
  private readonly from: BoundFrom | null;
  private readonly scope: Scope;
  private readonly aggregates: BlockAggregates;
  private readonly windows: BlockWindows;
  private readonly sets: BlockSets;
  private readonly items: readonly Item[];
  /** Columns of blocks around this one that it reads. */
  private readonly entered = new Set<ColumnId>();
  private grouping: Grouping | null = null;

  constructor(source: SourceSelectNode, place: QueryPlace, targets: QueryTargets) {
    this.source = source;
    this.state = place.state;
    this.targets = targets;
    this.keepsUnknown = place.keepsUnknown;
    const outer = place.outer === null ? null : this.noted(place.outer);
    const binder = new FromBinder({ ...place, outer, rowIds: place.rowIds || source.locking.length > 0 });
    this.from = source.from.length === 0 ? null : binder.list(source.from);
    const scope = binder.scopeOver(this.from?.names ?? []);
    this.scope = hasSets(source.group) ? withNulls(scope) : scope;
    this.aggregates = new BlockAggregates(this.state);
    this.windows = new BlockWindows(this.state, source.windows);
    this.sets = new BlockSets(this.state);
    this.items = bindItems(source.items, this.clause('SELECT', this.aggregates));
  }

  /** The block around this one; what is read of it is no column of this one's relation. */
  private noted(outer: OuterScope): OuterScope {
    const enter: OuterScope['enter'] = (column, at) => {
      const entered = outer.enter(column, at);
      this.entered.add(entered.column);
      return entered;
    };
    const { clause, lateral, entries, origin } = outer;
    return { clause, lateral, entries, origin, enter };
  }

  private clause(name: string, aggregates: BlockAggregates | null = null): Clause {
    const clause = clauseOf(this.state, this.scope, name, aggregates);
    return aggregates === null || name === 'HAVING' ? clause : { ...clause, windows: this.windows, sets: this.sets };
  }

  bind(): BoundBlock {
    const { source, state } = this;
    const where = this.bindWhere();
    const havingInput = this.bindHaving();
    const orderInput = source.order.map((item) => this.bindOrder(item, 'ORDER BY'));
    const sets = setsOf(source.group, (key) => this.bindGroupKey(key));
    const onInput = source.distinctOn.map((on) => this.bindMeant(on, 'SELECT DISTINCT ON'));
    if (!this.keepsUnknown || source.distinct === 'all') settleItems(this.items, state, this.targets);
    this.windows.named.check(this.clause('WINDOW', this.aggregates));
    const recursive = this.scope.relations.some(({ isRecursive }) => isRecursive);
    if (recursive && !this.aggregates.isEmpty)
      throw fault(
        SQLSTATE.invalid_recursion,
        "aggregate functions are not allowed in a recursive query's recursive term",
        source.at,
      );
    if (source.group.length > 0 || source.having !== null || !this.aggregates.isEmpty) {
      this.grouping = new Grouping(
        state,
        this.scope,
        this.aggregates,
        (column) => this.windows.owns(column) || this.sets.owns(column),
      );
      this.grouping.group(sets, isDistinct(source.group));
    }
    const putWindows = this.windows.over((node) => this.above(node));
    const putSets = this.sets.over((node) => this.above(node));
    for (const item of this.items) item.node = this.above(item.node);
    const having = havingInput === null ? null : this.above(havingInput);
    const order = orderInput.map(({ item, node }) => sortKey(item, this.above(node), state));
    const on = onInput.map((node) => this.above(node));
    this.checkDistinct(order, on);
    let root = putSets(putWindows(this.input(where, having)));
    const added: { column: ColumnId; expression: BoundExpression }[] = [];
    const untyped = new Map(
      this.items.flatMap(({ node }, index) => (node.type.name === 'unknown' ? [[index, node] as const] : [])),
    );
    const output = this.items.map((item) => this.outputOf(item, added));
    const onColumns = on.map((node) => this.columnOf(node, added));
    if (added.length > 0) root = { op: 'project', input: root, columns: added };
    if (source.distinct === 'all') root = { op: 'distinct', input: root, columns: output.map(({ column }) => column) };
    const sortKeys = order.map((key) => ({ ...key, expression: this.overOutput(key.expression, added) }));
    if (order.length > 0) {
      root = { op: 'sort', input: root, keys: sortKeys };
    }
    if (on.length > 0) root = { op: 'distinct', input: root, columns: onColumns };
    const made = { isGrouped: this.grouping !== null, hasWindows: !this.windows.isEmpty, hasSets: !this.sets.isEmpty };
    root = bindLocking(root, source, this.from, made, state);
    const locks = this.from?.locks ?? [];
    return {
      root: limited(root, source, this.clause('LIMIT'), sortKeys),
      output,
      places: this.items.map(({ at }) => at),
      untyped,
      locks,
      notLocked: notLocked(source, made),
    };
  }

  private above(node: BoundExpression): BoundExpression {
    return this.grouping === null ? node : this.grouping.above(node);
  }

  private bindWhere(): BoundExpression | null {
    const { where } = this.source;
    return where === null ? null : toBoolean(this.state, bindExpr(where, this.clause('WHERE')), 'WHERE', where.at);
  }

  private bindHaving(): BoundExpression | null {
    const { having } = this.source;
    if (having === null) return null;
    const clause = this.clause('HAVING', this.aggregates);
    const aliases = this.state.semantics.havingSeesAliases
      ? (name: string, at: number) => findByName(name, this.items, 'HAVING', at, this.state)?.node ?? null
      : null;
    return toBoolean(this.state, bindExpr(having, { ...clause, aliases }), 'HAVING', having.at);
  }

  private bindOrder(item: SourceSortItem, what: string): { item: SourceSortItem; node: BoundExpression } {
    return { item, node: this.bindMeant(item.expression, what) };
  }

  /** An expression of ORDER BY, GROUP BY or DISTINCT ON: an output name, a position, or an expression over the input. */
  private bindMeant(source: SourceExpression, what: 'ORDER BY' | 'GROUP BY' | 'SELECT DISTINCT ON' | string): BoundExpression {
    const { state, items } = this;
    const grouped = what === 'GROUP BY';
    const places = grouped ? state.semantics.groupByName : state.semantics.orderByName;
    const item = findByPosition(source, items, what, state) ?? this.namedItem(source, places, what);
    if (item !== null) {
      item.node = settled(state, item.node, item.at);
      return item.node;
    }
    return settled(state, bindExpr(source, this.clause(what, grouped ? null : this.aggregates)), source.at);
  }

  private namedItem(source: SourceExpression, places: readonly string[], what: string): Item | null {
    if (source.op !== 'column' || source.name.parts.length !== 1) return null;
    return findByName(source.name, this.items, what, source.at, this.state, { places, scope: this.scope });
  }

  private bindGroupKey(source: SourceExpression): BoundExpression {
    const node = this.bindMeant(source, 'GROUP BY');
    if (this.readsAggregate(node))
      throw fault(SQLSTATE.grouping_error, 'aggregate functions are not allowed in GROUP BY', source.at);
    if (readsColumns(node, (column) => this.windows.owns(column)))
      throw fault(SQLSTATE.windowing_error, 'window functions are not allowed in GROUP BY', source.at);
    mustCompare(this.state, node.type.name, 'equality', source.at);
    return node;
  }

  private readsAggregate(node: BoundExpression): boolean {
    return readsColumns(node, (column) => this.aggregates.owns(column));
  }

  private checkDistinct(order: readonly { readonly expression: BoundExpression }[], on: readonly BoundExpression[]): void {
    const { source, state, items } = this;
    if (source.distinct === 'none') return;
    for (const item of source.distinct === 'all' ? items : []) mustCompare(state, item.node.type.name, 'equality', item.at);
    for (const [index, key] of order.entries()) {
      const within = source.distinct === 'all' ? items.map(({ node }) => node) : on;
      if (source.distinct === 'on' && index >= on.length) break;
      if (within.some((node) => sameExpression(node, key.expression, state))) continue;
      throw fault(
        SQLSTATE.invalid_column_reference,
        source.distinct === 'all'
          ? 'for SELECT DISTINCT, ORDER BY expressions must appear in select list'
          : 'SELECT DISTINCT ON expressions must match initial ORDER BY expressions',
        source.distinct === 'all' ? source.order[index].expression.at : foreignTo(source, order, on, state),
      );
    }
  }

  private input(where: BoundExpression | null, having: BoundExpression | null): BoundRelation {
    let root = this.from?.relation ?? ONE_ROW;
    if (where !== null) root = { op: 'filter', input: root, condition: where };
    if (this.grouping !== null) root = this.grouping.relation(root);
    return having === null ? root : { op: 'filter', input: root, condition: having };
  }

  /** Is it a column of the block's relation as it stands? */
  private isMade(node: BoundExpression): node is BoundColumn {
    return node.op === 'column' && !this.entered.has(node.column);
  }

  private columnOf(node: BoundExpression, added: { column: ColumnId; expression: BoundExpression }[]): ColumnId {
    if (this.isMade(node)) return node.column;
    const same = added.find(
      ({ expression }) => sameExpression(expression, node, this.state) && expression.type.name === node.type.name,
    );
    if (same !== undefined) return same.column;
    const column = this.state.newColumn();
    added.push({ column, expression: node });
    return column;
  }

  private outputOf(item: Item, added: { column: ColumnId; expression: BoundExpression }[]): OutputColumn {
    const { name, node, table, attribute } = item;
    if (node.type.name === 'unknown') return { name, column: -1, type: node.type, table, attribute };
    let column = this.isMade(node) ? node.column : -1;
    if (column < 0) {
      column = this.state.newColumn();
      added.push({ column, expression: node });
    }
    return { name, column, type: node.type, table, attribute };
  }

  /** A sort key that is an item of the output is that item's column: it is computed once. */
  private overOutput(
    node: BoundExpression,
    added: readonly { column: ColumnId; expression: BoundExpression }[],
  ): BoundExpression {
    const same = added.find(({ expression }) => sameExpression(expression, node, this.state));
    return same === undefined ? node : columnNode(same.column, node.type, this.state.positions.get(node) ?? 0, this.state);
  }
}
