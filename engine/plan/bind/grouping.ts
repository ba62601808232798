/**
 * Grouped blocks (SBLR-N5): above an aggregation only its keys and aggregates are seen. Expressions are bound over the input first;
 * then every part that is a key becomes the key's column, and what is left must not name a column, unless it depends on the keys.
 */

import type { BoundAggregation, BoundExpression, BoundRelation, ColumnId } from '../../sblr/bound.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import type { BlockAggregates } from './clause.ts';
import { fault } from './errors.ts';
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

  constructor(state: BindState, scope: Scope, aggregates: BlockAggregates) {
    this.state = state;
    this.scope = scope;
    this.aggregates = aggregates;
  }

  addKey(expression: BoundExpression): void {
    if (this.keys.some((key) => sameExpression(key.expression, expression, this.state))) return;
    this.keys.push({ column: this.state.newColumn(), expression });
  }

  /** An expression over the input as one over keys and aggregates. 42803 */
  above(node: BoundExpression): BoundExpression {
    const key = this.keys.find(({ expression }) => sameExpression(expression, node, this.state));
    if (key !== undefined) return this.placed({ op: 'column', column: key.column, type: node.type }, node);
    if (node.op === 'column') return this.aggregates.owns(node.column) ? node : this.ungrouped(node);
    return this.placed(
      withChildren(node, (child) => this.above(child)),
      node,
    );
  }

  private placed(node: BoundExpression, from: BoundExpression): BoundExpression {
    const at = this.state.positions.get(from);
    if (at !== undefined) this.state.positions.set(node, at);
    return node;
  }

  private ungrouped(node: BoundExpression & { op: 'column' }): BoundExpression {
    const relation = this.scope.relations.find(({ columns }) => columns.some(({ column }) => column === node.column));
    const { groupedColumns } = this.state.semantics;
    if (relation !== undefined && groupedColumns === 'dependent' && this.dependsOnKeys(relation)) {
      this.addKey(node);
      return this.above(node);
    }
    const at = this.state.positions.get(node) ?? 0;
    if (groupedColumns === 'any') {
      const aggregate = { primitive: 'any_value', arguments: [node], distinct: false, order: [], filter: null };
      return this.aggregates.add({ ...aggregate, type: { ...node.type, nullable: true } }, at);
    }
    const name = relation?.columns.find(({ column }) => column === node.column)?.name;
    throw fault(
      SQLSTATE.grouping_error,
      `column "${relation?.alias}.${name}" must appear in the GROUP BY clause or be used in an aggregate function`,
      at,
    );
  }

  /** The keys hold the whole primary key of the table, so there is one row a group. */
  private dependsOnKeys(relation: ScopeRelation): boolean {
    const tableId = relation.columns[0]?.table ?? 0;
    const table = tableId === 0 ? null : this.state.environment.catalog.relation(tableId);
    if (table?.kind !== 'table') return false;
    const primary = table.indexes.find((index) => index.primary);
    if (primary === undefined) return false;
    return primary.keys.every(({ attribute }) => {
      const column = relation.columns.find((one) => one.attribute === attribute)?.column;
      return this.keys.some(({ expression }) => expression.op === 'column' && expression.column === column);
    });
  }

  /** The aggregation over a relation. After everything above it is bound: keys and aggregates are complete then. */
  relation(input: BoundRelation): BoundAggregation {
    return { op: 'aggregate', input, keys: this.keys, aggregates: this.aggregates.list, sets: [], grouping: [] };
  }
}
