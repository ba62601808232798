/** Where an expression stands: what its names see, and what it may contain. */

import type { BoundAggregate, BoundColumn, BoundExpression } from '../../sblr/bound.ts';
import { type SqlType, sqlType } from '../../sblr/types.ts';
import { sameAggregate } from './same.ts';
import type { Scope } from './scope.ts';
import type { BlockSets } from './set-calls.ts';
import type { BindState } from './state.ts';
import type { BlockWindows } from './windows.ts';

/** The aggregates of a block (SBLR-N5): each becomes a column of the aggregation below. */
export class BlockAggregates {
  readonly list: BoundAggregate[] = [];
  /** Direct arguments of ordered-set aggregates: they are the same for all rows of a group. */
  readonly direct: BoundExpression[] = [];
  readonly groupings: { readonly column: number; readonly arguments: readonly BoundExpression[]; readonly at: number }[] = [];
  private readonly state: BindState;

  constructor(state: BindState) {
    this.state = state;
  }

  /** The column of an aggregate; equal ones share it. */
  add(aggregate: Omit<BoundAggregate, 'column'>, at: number): BoundColumn {
    let found = this.list.find((one) => sameAggregate(one, aggregate, this.state));
    if (found === undefined) {
      found = { ...aggregate, column: this.state.newColumn() };
      this.list.push(found);
    }
    return columnNode(found.column, found.type, at, this.state);
  }

  /** GROUPING of these expressions, which must turn out to be keys. */
  addGrouping(expressions: readonly BoundExpression[], at: number): BoundColumn {
    const column = this.state.newColumn();
    this.groupings.push({ column, arguments: expressions, at });
    return columnNode(column, sqlType('int4', false), at, this.state);
  }

  owns(column: number): boolean {
    return [...this.list, ...this.groupings].some((one) => one.column === column);
  }

  get isEmpty(): boolean {
    return this.list.length === 0 && this.groupings.length === 0;
  }
}

export interface Clause {
  readonly state: BindState;
  readonly scope: Scope;
  /** As messages call it: 'WHERE', 'GROUP BY', 'CHECK constraints'. */
  readonly name: string;
  /** Where aggregates go; null: not allowed here. */
  readonly aggregates: BlockAggregates | null;
  /** Inside the arguments of an aggregate. */
  readonly inAggregate: boolean;
  /** Where calls with OVER go; null: not allowed here. */
  readonly windows: BlockWindows | null;
  /** Inside the arguments of a window function. */
  readonly inWindow: boolean;
  /** Where calls of functions that give rows go; null: not allowed here. */
  readonly sets: BlockSets | null;
  /** Parameters may stand here (not in what the catalog keeps). */
  readonly parameters: boolean;
  /** What a bare name means that no column has: output names, where the dialect lets a clause see them. */
  readonly aliases: ((name: string, at: number) => BoundExpression | null) | null;
}

export const clauseOf = (state: BindState, scope: Scope, name: string, aggregates: BlockAggregates | null = null): Clause => ({
  state,
  scope,
  name,
  aggregates,
  inAggregate: false,
  windows: null,
  inWindow: false,
  sets: null,
  parameters: true,
  aliases: null,
});

/** A reference to a column, with its position. */
export function columnNode(column: number, type: SqlType, at: number, state: BindState): BoundColumn {
  const node: BoundColumn = { op: 'column', column, type };
  state.positions.set(node, at);
  return node;
}
