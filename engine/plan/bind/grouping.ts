/**
 * Grouped blocks (SBLR-N5): above an aggregation only its keys and aggregates are seen. Expressions are bound over the input first;
 * then every part that is a key becomes the key's column, and what is left must not name a column, unless it depends on the keys.
 */

import type { BoundAggregation, BoundExpression, BoundRelation, ColumnId } from '../../sblr/bound.ts';
import { withNullable } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import type { BlockAggregates } from './clause.ts';
import { fault } from './errors.ts';
import type { KeySet } from './grouping-sets.ts';
import { renulled } from './nullable.ts';
import { sameExpression } from './same.ts';
import type { Scope, ScopeRelation } from './scope.ts';
import type { BindState } from './state.ts';
import { withChildren } from './tree.ts';

interface Key {
  readonly column: ColumnId;
  readonly expression: BoundExpression;
}

export class Grouping {
  private readonly state: BindState;
  private readonly scope: Scope;
  private readonly aggregates: BlockAggregates;
  private readonly keys: Key[] = [];
  /** Places of keys; empty: one set of all keys. */
  private sets: number[][] = [];

  /** Columns that are made above the aggregation: those of windows. */
  private readonly isMadeAbove: (column: ColumnId) => boolean;

  constructor(state: BindState, scope: Scope, aggregates: BlockAggregates, isMadeAbove: (column: ColumnId) => boolean) {
    this.state = state;
    this.scope = scope;
    this.aggregates = aggregates;
    this.isMadeAbove = isMadeAbove;
  }

  private isMade(column: ColumnId): boolean {
    return this.aggregates.owns(column) || this.isMadeAbove(column);
  }

  /** The sets that GROUP BY asks for; each key once. `isDistinct`: each set, too. */
  group(sets: readonly KeySet[], isDistinct: boolean): void {
    const all = sets.map((set) => [...new Set(set.map((expression) => this.addKey(expression)))]);
    const places = isDistinct ? [...new Map(all.map((set) => [[...set].sort((a, b) => a - b).join(), set])).values()] : all;
    const isPlain = places.length === 1 && places[0].length === this.keys.length;
    this.sets = isPlain ? [] : places;
  }

  /** Its place among the keys. */
  private addKey(expression: BoundExpression): number {
    const found = this.keyOf(expression);
    return found >= 0 ? found : this.keys.push({ column: this.state.newColumn(), expression }) - 1;
  }

  private keyOf(expression: BoundExpression): number {
    return this.keys.findIndex((key) => sameExpression(key.expression, expression, this.state));
  }

  private isEverywhere(key: number): boolean {
    return this.sets.every((set) => set.includes(key));
  }

  /** An expression over the input as one over keys and aggregates. `within` a subquery: what that reads. 42803 */
  above(node: BoundExpression, within = false): BoundExpression {
    const place = this.keyOf(node);
    if (place >= 0) {
      const { column } = this.keys[place];
      const type = this.isEverywhere(place) ? node.type : withNullable(node.type, true);
      return this.placed({ op: 'column', column, type }, node);
    }
    if (node.op === 'column') return this.isMade(node.column) ? node : this.ungrouped(node, within);
    const above = withChildren(node, (child) => this.above(child, within || node.op === 'subquery'));
    return this.placed(this.sets.length === 0 ? above : renulled(above), node);
  }

  private placed(node: BoundExpression, from: BoundExpression): BoundExpression {
    const at = this.state.positions.get(from);
    if (at !== undefined) this.state.positions.set(node, at);
    return node;
  }

  private ungrouped(node: BoundExpression & { op: 'column' }, within: boolean): BoundExpression {
    const relation = this.scope.relations.find(({ columns }) => columns.some(({ column }) => column === node.column));
    // A column of a block around this one is the same for all rows.
    if (relation === undefined) return node;
    const { groupedColumns } = this.state.semantics;
    if (groupedColumns === 'dependent' && this.dependsOnKeys(relation)) {
      const place = this.addKey(node);
      for (const set of this.sets) set.push(place);
      return this.above(node);
    }
    const at = this.state.positions.get(node) ?? 0;
    if (groupedColumns === 'any') {
      const aggregate = { primitive: 'any_value', arguments: [node], distinct: false, order: [], filter: null };
      return this.aggregates.add({ ...aggregate, type: { ...node.type, nullable: true } }, at);
    }
    const name = `"${relation.alias}.${relation.columns.find(({ column }) => column === node.column)?.name}"`;
    throw fault(
      SQLSTATE.grouping_error,
      within
        ? `subquery uses ungrouped column ${name} from outer query`
        : `column ${name} must appear in the GROUP BY clause or be used in an aggregate function`,
      at,
    );
  }

  /** The keys hold the whole primary key of the table, so there is one row a group; a deferrable one may be there twice. */
  private dependsOnKeys(relation: ScopeRelation): boolean {
    const table = relation.stored === undefined ? null : this.state.environment.catalog.relation(relation.stored);
    if (table?.kind !== 'table') return false;
    const primary = table.indexes.find(({ primary: isPrimary, unique }) => isPrimary && unique);
    if (primary === undefined) return false;
    return primary.keys.every(({ attribute }) => {
      const column = relation.columns.find((one) => one.attribute === attribute)?.column;
      return this.keys.some(
        ({ expression }, place) => expression.op === 'column' && expression.column === column && this.isEverywhere(place),
      );
    });
  }

  /** The aggregation over a relation. After everything above it is bound: keys and aggregates are complete then. */
  relation(input: BoundRelation): BoundAggregation {
    for (const node of this.aggregates.direct) this.above(node);
    const sets = this.sets.map((keys) => ({ keys }));
    const grouping = this.aggregates.groupings.map(({ column, arguments: given, at }) => ({
      column,
      keys: given.map((argument) => this.mustBeKey(argument, at)),
    }));
    return { op: 'aggregate', input, keys: this.keys, aggregates: this.aggregates.list, sets, grouping };
  }

  private mustBeKey(argument: BoundExpression, at: number): number {
    const place = this.keyOf(argument);
    if (place >= 0) return place;
    const message = 'arguments to GROUPING must be grouping expressions of the associated query level';
    throw fault(SQLSTATE.grouping_error, message, this.state.positions.get(argument) ?? at);
  }
}
