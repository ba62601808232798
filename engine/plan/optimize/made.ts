/** Which columns a relation makes, and which it reads without making them. */

import type { BoundExpression, BoundRelation, ColumnId } from '../../sblr/bound.ts';
import type { BoundJoin } from '../../sblr/bound-relations.ts';
import { eachExpression, inputsOf } from '../../sblr/relation-tree.ts';
import { type SqlType, sqlType, withNullable } from '../../sblr/types.ts';
import { walkExpression } from '../bind/tree.ts';

export type Columns = ReadonlyMap<ColumnId, SqlType>;

const made = new WeakMap<BoundRelation, Columns>();

/** The columns that are seen above a relation, with their types. */
export function columnsMade(relation: BoundRelation): Columns {
  let columns = made.get(relation);
  if (columns === undefined) {
    columns = make(relation);
    made.set(relation, columns);
  }
  return columns;
}

type Typed = { readonly column: ColumnId; readonly type: SqlType };
type Given = { readonly column: ColumnId; readonly expression: BoundExpression };

const listed = (columns: readonly Typed[]): Map<ColumnId, SqlType> => new Map(columns.map(({ column, type }) => [column, type]));
const given = (columns: readonly Given[], into: Map<ColumnId, SqlType>): Map<ColumnId, SqlType> => {
  for (const { column, expression } of columns) into.set(column, expression.type);
  return into;
};
const nullable = (columns: Columns): [ColumnId, SqlType][] =>
  [...columns].map(([column, type]) => [column, withNullable(type, true)]);

/** Stands for a row itself: read by changes and locks only. */
const ROW = sqlType('int8', false);

function make(node: BoundRelation): Columns {
  switch (node.op) {
    case 'get': {
      const columns = listed(node.columns);
      if (node.rowId >= 0) columns.set(node.rowId, ROW);
      return columns;
    }
    case 'virtual':
    case 'values':
    case 'setOperation':
    case 'cteRef':
    case 'workTable':
    case 'recurse':
      return listed(node.columns);
    case 'function': {
      const columns = listed(node.columns);
      if (node.ordinality >= 0) columns.set(node.ordinality, sqlType('int8', false));
      return columns;
    }
    case 'project':
      return given(node.columns, new Map(columnsMade(node.input)));
    case 'aggregate': {
      const columns = new Map<ColumnId, SqlType>();
      node.keys.forEach(({ column, expression: { type } }, key) => {
        const always = node.sets.every(({ keys }) => keys.includes(key));
        columns.set(column, always ? type : withNullable(type, true));
      });
      for (const { column, type } of node.aggregates) columns.set(column, type);
      for (const { column } of node.grouping) columns.set(column, sqlType('int4', false));
      return columns;
    }
    case 'window': {
      const columns = new Map(columnsMade(node.input));
      for (const { column, type } of node.functions) columns.set(column, type);
      return columns;
    }
    case 'join':
      return joined(node);
    case 'change':
      return listed(node.statement.output);
    case 'filter':
    case 'distinct':
    case 'sort':
    case 'limit':
    case 'lock':
    case 'with':
      return columnsMade(node.input);
  }
}

function joined(node: BoundJoin): Columns {
  const left = columnsMade(node.left);
  switch (node.kind) {
    case 'semi':
    case 'anti':
      return left;
    case 'mark':
      return new Map([...left, [node.mark, sqlType('bool')]]);
    default: {
      const right = columnsMade(node.right);
      const leftMayLack = node.kind === 'right' || node.kind === 'full';
      return new Map([
        ...(leftMayLack ? nullable(left) : left),
        ...(node.kind === 'inner' || node.kind === 'right' ? right : nullable(right)),
      ]);
    }
  }
}

const free = new WeakMap<BoundRelation, Columns>();

/** Columns that expressions somewhere in a relation read and nothing in it makes: of a lateral join's left side, or outer ones. */
export function freeColumns(relation: BoundRelation): Columns {
  const found = free.get(relation);
  if (found !== undefined) return found;
  const columns = new Map<ColumnId, SqlType>();
  // It stands at the top of a statement, and reads nothing of others.
  if (relation.op === 'change') return columns;
  for (const input of inputsOf(relation)) for (const [column, type] of freeColumns(input)) columns.set(column, type);
  eachExpression(relation, (expression) => {
    walkExpression(expression, (node) => {
      if (node.op === 'column') columns.set(node.column, node.type);
      return true;
    });
  });
  for (const input of inputsOf(relation)) for (const column of columnsMade(input).keys()) columns.delete(column);
  for (const column of columnsMade(relation).keys()) columns.delete(column);
  free.set(relation, columns);
  return columns;
}
