/**
 * UNION, INTERSECT, EXCEPT. Each side is a query of its own; a column has the type that both sides have in common, and what is of no type
 * yet becomes that. ORDER BY stands over the result: it knows the names and places of its columns and nothing else.
 */

import type { BoundExpression, BoundProject, BoundRelation, ColumnId, OutputColumn } from '../../sblr/bound.ts';
import type { BoundSetOperation } from '../../sblr/bound-relations.ts';
import type { SourceSetOperationNode, SourceSortItem } from '../../sblr/source.gen.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { mustCompare, sortKey } from './calls.ts';
import { type Clause, clauseOf, columnNode } from './clause.ts';
import { castCommon } from './coerce.ts';
import { fault } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { limited } from './limit.ts';
import { refuseLocking } from './locking.ts';
import { findByName, findByPosition } from './order.ts';
import type { Item } from './output.ts';
import { type BoundBlock, bindBlock, type QueryPlace } from './query.ts';
import { sameExpression } from './same.ts';
import type { Scope, ScopeRelation } from './scope.ts';
import type { BindState } from './state.ts';

const NO_LOCKS = 'UNION/INTERSECT/EXCEPT';

/** A side's columns as the result takes them: cast where they have to be. */
class Side {
  readonly block: BoundBlock;
  private readonly state: BindState;
  private readonly added: BoundProject['columns'][number][] = [];

  constructor(block: BoundBlock, state: BindState) {
    this.block = block;
    this.state = state;
  }

  node(index: number): BoundExpression {
    const { output, places, untyped } = this.block;
    const { column, type } = output[index];
    return untyped.get(index) ?? columnNode(column, type, places[index], this.state);
  }

  take(node: BoundExpression): ColumnId {
    if (node.op === 'column') return node.column;
    const column = this.state.newColumn();
    this.added.push({ column, expression: node });
    return column;
  }

  relation(): BoundRelation {
    const { root } = this.block;
    return this.added.length === 0 ? root : { op: 'project', input: root, columns: this.added };
  }
}

/** The columns of two sides put together. 42601, 42804, 42883 */
export function bindColumns(
  kind: BoundSetOperation['kind'],
  distinct: boolean,
  blocks: readonly [BoundBlock, BoundBlock],
  state: BindState,
): { readonly columns: BoundSetOperation['columns']; readonly left: BoundRelation; readonly right: BoundRelation } {
  const what = kind.toUpperCase();
  const [left, right] = blocks.map((block) => new Side(block, state));
  const { places } = right.block;
  if (left.block.output.length !== right.block.output.length)
    throw fault(SQLSTATE.syntax_error, `each ${what} query must have the same number of columns`, places[0]);
  const columns = left.block.output.map((_, index) => {
    const at = [left.block.places[index], places[index]];
    const { nodes, type } = castCommon(state, [left.node(index), right.node(index)], what, at);
    if (distinct) mustCompare(state, type.name, 'equality', at[0]);
    return { column: state.newColumn(), left: left.take(nodes[0]), right: right.take(nodes[1]), type };
  });
  return { columns, left: left.relation(), right: right.relation() };
}

export function bindSetOperation(source: SourceSetOperationNode, place: QueryPlace): BoundBlock {
  const { state } = place;
  const { kind, all } = source;
  const inside: QueryPlace = { ...place, rowIds: false, keepsUnknown: true };
  const blocks = [bindBlock(source.left, inside), bindBlock(source.right, inside)] as const;
  const bound = bindColumns(kind, kind !== 'union' || !all, blocks, state);
  const output = bound.columns.map(({ column, type }, index): OutputColumn => {
    return { name: blocks[0].output[index].name, column, type, table: 0, attribute: 0 };
  });
  refuseLocking(source.locking, NO_LOCKS);
  const relation: BoundRelation = { op: 'setOperation', kind, all, ...bound };
  const { places } = blocks[0];
  return {
    ...behind(source, relation, output, places, place),
    output,
    places,
    untyped: new Map(),
    locks: [],
    notLocked: NO_LOCKS,
  };
}

/** ORDER BY, LIMIT and OFFSET of the whole. */
function behind(
  source: SourceSetOperationNode,
  input: BoundRelation,
  output: readonly OutputColumn[],
  places: readonly number[],
  { state, outer, ctes }: QueryPlace,
): { readonly root: BoundRelation } {
  const columns = output.map(({ name, column, type }) => ({ name, column, type, table: 0, attribute: 0 }));
  const result: ScopeRelation = {
    alias: 'unnamed_join',
    schema: null,
    name: 'unnamed_join',
    columns,
    onRead: () => {},
    unnamed: true,
  };
  const scope: Scope = { relations: [result], outer, ctes };
  const clause = clauseOf(state, scope, 'ORDER BY');
  const items = output.map(({ name, column, type }, index): Item => {
    return { node: columnNode(column, type, places[index], state), name, at: places[index], table: 0, attribute: 0 };
  });
  const keys = source.order.map((item) => sortKey(item, meant(item, items, clause), state));
  const root: BoundRelation = keys.length === 0 ? input : { op: 'sort', input, keys };
  return { root: limited(root, source, clauseOf(state, scope, 'LIMIT'), keys) };
}

/** A column of the result, by its place or name. 0A000 */
function meant(item: SourceSortItem, items: readonly Item[], clause: Clause): BoundExpression {
  const { state, scope } = clause;
  const { expression } = item;
  const isName = expression.op === 'column' && expression.name.parts.length === 1;
  const lookup = { places: state.semantics.orderByName, scope };
  const found =
    findByPosition(expression, items, 'ORDER BY', state) ??
    (isName ? findByName(expression.name, items, 'ORDER BY', expression.at, state, lookup) : null);
  if (found !== null) return found.node;
  const node = bindExpr(expression, clause);
  const same = items.find((one) => sameExpression(one.node, node, state));
  if (same !== undefined) return same.node;
  throw new SqlError(SQLSTATE.feature_not_supported, 'invalid UNION/INTERSECT/EXCEPT ORDER BY clause', {
    position: expression.at,
    detail: 'Only result column names can be used, not expressions or functions.',
    hint: 'Add the expression/function to every SELECT, or move the UNION into a FROM clause.',
  });
}
