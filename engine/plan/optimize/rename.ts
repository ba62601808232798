/** A relation with other column ids: a second copy of one, or one whose columns are known above under other names. */

import type { BoundExpression, BoundRelation, BoundSubquery, ColumnId } from '../../sblr/bound.ts';
import { eachExpression, inputsOf, withExpressions, withInputs } from '../../sblr/relation-tree.ts';
import { walkExpression, withChildren } from '../bind/tree.ts';

type Names = (column: ColumnId) => ColumnId;

/** All ids that a relation and the subqueries in it make. */
export function madeInside(relation: BoundRelation, into: Set<ColumnId> = new Set()): Set<ColumnId> {
  const add = (columns: readonly { readonly column: ColumnId }[]): void => {
    for (const { column } of columns) into.add(column);
  };
  if ('columns' in relation && relation.op !== 'distinct') add(relation.columns);
  if (relation.op === 'get' && relation.rowId >= 0) into.add(relation.rowId);
  if (relation.op === 'function' && relation.ordinality >= 0) into.add(relation.ordinality);
  if (relation.op === 'join' && relation.mark >= 0) into.add(relation.mark);
  if (relation.op === 'aggregate') for (const made of [relation.keys, relation.aggregates, relation.grouping]) add(made);
  if (relation.op === 'window') add(relation.functions);
  eachExpression(relation, (expression) =>
    walkExpression(expression, (node) => {
      if (node.op === 'subquery') {
        add(node.outer);
        madeInside(node.relation, into);
      }
      return true;
    }),
  );
  for (const input of inputsOf(relation)) madeInside(input, into);
  return into;
}

/** Every column of the relation by its new name, read or made. */
export function renamedRelation(relation: BoundRelation, names: Names): BoundRelation {
  const over = withInputs(relation, (input) => renamedRelation(input, names));
  return ownNames(
    withExpressions(over, (expression) => renamedExpression(expression, names)),
    names,
  );
}

export function renamedExpression(expression: BoundExpression, names: Names): BoundExpression {
  if (expression.op === 'column') {
    const column = names(expression.column);
    return column === expression.column ? expression : { ...expression, column };
  }
  const over = withChildren(expression, (child) => renamedExpression(child, names));
  if (over.op !== 'subquery') return over;
  const query: BoundSubquery = {
    ...over,
    outer: over.outer.map((one) => ({ ...one, column: names(one.column) })),
    relation: renamedRelation(over.relation, names),
    columns: over.columns.map(names),
    condition: over.condition === null ? null : renamedExpression(over.condition, names),
  };
  return query;
}

const listed = <Item extends { readonly column: ColumnId }>(items: readonly Item[], names: Names): Item[] =>
  items.map((item) => ({ ...item, column: names(item.column) }));

const orNone = (column: ColumnId, names: Names): ColumnId => (column < 0 ? column : names(column));

/** Names that stand in the node itself, outside its expressions. */
function ownNames(node: BoundRelation, names: Names): BoundRelation {
  switch (node.op) {
    case 'get':
      return { ...node, columns: listed(node.columns, names), rowId: orNone(node.rowId, names) };
    case 'virtual':
      return { ...node, columns: listed(node.columns, names) };
    case 'values':
      return { ...node, columns: listed(node.columns, names) };
    case 'project':
      return { ...node, columns: listed(node.columns, names) };
    case 'function':
      return { ...node, columns: listed(node.columns, names), ordinality: orNone(node.ordinality, names) };
    case 'aggregate': {
      const { keys, aggregates, grouping } = node;
      return {
        ...node,
        keys: listed(keys, names),
        aggregates: listed(aggregates, names),
        grouping: listed(grouping, names),
      };
    }
    case 'window':
      return { ...node, functions: listed(node.functions, names) };
    case 'distinct':
      return { ...node, columns: node.columns.map(names) };
    case 'lock':
      return { ...node, rowId: orNone(node.rowId, names) };
    case 'join':
      return { ...node, mark: orNone(node.mark, names) };
    case 'setOperation': {
      const columns = node.columns.map((one) => ({
        ...one,
        column: names(one.column),
        left: names(one.left),
        right: names(one.right),
      }));
      return { ...node, columns };
    }
    case 'recurse': {
      const columns = node.columns.map((one) => ({
        ...one,
        column: names(one.column),
        base: names(one.base),
        step: names(one.step),
      }));
      return { ...node, columns };
    }
    case 'cteRef':
      return { ...node, columns: node.columns.map((one) => ({ ...one, column: names(one.column), source: names(one.source) })) };
    case 'workTable':
      return { ...node, columns: node.columns.map((one) => ({ ...one, column: names(one.column), source: names(one.source) })) };
    case 'filter':
    case 'sort':
    case 'limit':
    case 'with':
    case 'change':
      return node;
  }
}
