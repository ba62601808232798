/** Walks over bound relations: what a relation is made from, the expressions that stand in it, and the same relation over others. */

import type {
  BoundConflict,
  BoundExpression,
  BoundNewRow,
  BoundPlanned,
  BoundQuery,
  BoundRelation,
  BoundSortKey,
} from './bound.ts';

/** What a relation is made from, in the order in which it is listed. The relations of subqueries are not among them. */
export function inputsOf(node: BoundRelation): readonly BoundRelation[] {
  switch (node.op) {
    case 'join':
    case 'setOperation':
      return [node.left, node.right];
    case 'recurse':
      return [node.base, node.step];
    case 'with':
      return [...node.definitions.map(({ relation }) => relation), node.input];
    case 'change':
      return [node.statement.source];
    default:
      return 'input' in node ? [node.input] : [];
  }
}

/** The list with other members; the same list where none of them is another one. */
export function changedList<Item>(items: readonly Item[], change: (item: Item) => Item): readonly Item[] {
  for (let at = 0; at < items.length; at++) {
    const other = change(items[at]);
    if (other === items[at]) continue;
    const list = items.slice(0, at);
    list.push(other);
    for (let next = at + 1; next < items.length; next++) list.push(change(items[next]));
    return list;
  }
  return items;
}

/** The same of members that have an expression. */
export const changedItems = <Item extends { readonly expression: BoundExpression }>(
  items: readonly Item[],
  change: Change,
): readonly Item[] =>
  changedList(items, (item) => {
    const expression = change(item.expression);
    return expression === item.expression ? item : { ...item, expression };
  });

/** The same node over other inputs; the same object where none of them is another one. */
export function withInputs(node: BoundRelation, change: (input: BoundRelation) => BoundRelation): BoundRelation {
  switch (node.op) {
    case 'join':
    case 'setOperation': {
      const left = change(node.left);
      const right = change(node.right);
      return left === node.left && right === node.right ? node : { ...node, left, right };
    }
    case 'recurse': {
      const base = change(node.base);
      const step = change(node.step);
      return base === node.base && step === node.step ? node : { ...node, base, step };
    }
    case 'with': {
      const definitions = changedList(node.definitions, (one) => {
        const relation = change(one.relation);
        return relation === one.relation ? one : { ...one, relation };
      });
      const input = change(node.input);
      return definitions === node.definitions && input === node.input ? node : { ...node, definitions, input };
    }
    case 'change': {
      const source = change(node.statement.source);
      return source === node.statement.source ? node : { ...node, statement: { ...node.statement, source } };
    }
    default: {
      if (!('input' in node)) return node;
      const input = change(node.input);
      return input === node.input ? node : { ...node, input };
    }
  }
}

type Change = (expression: BoundExpression) => BoundExpression;

const orNull = (node: BoundExpression | null, change: Change): BoundExpression | null => (node === null ? null : change(node));

function newRow(row: BoundNewRow, change: Change): BoundNewRow {
  const attributes = changedItems(row.attributes, change);
  const checks = changedItems(row.checks, change);
  return attributes === row.attributes && checks === row.checks ? row : { ...row, attributes, checks };
}

const changedConflict = (conflict: BoundConflict | null, change: Change): BoundConflict | null =>
  conflict === null
    ? null
    : {
        ...conflict,
        change: conflict.change === null ? null : newRow(conflict.change, change),
        where: orNull(conflict.where, change),
      };

/** The same statement with other expressions; those of its source stay. */
export function withStatementExpressions<Statement extends Exclude<BoundPlanned, BoundQuery>>(
  statement: Statement,
  change: Change,
): Statement {
  const returning = changedItems(statement.returning, change);
  switch (statement.kind) {
    case 'delete':
      return returning === statement.returning ? statement : { ...statement, returning };
    case 'update':
      return { ...statement, row: newRow(statement.row, change), returning };
    case 'merge': {
      const whens = statement.whens.map((when) => ({
        ...when,
        condition: orNull(when.condition, change),
        row: when.row === null ? null : newRow(when.row, change),
      }));
      return { ...statement, whens, returning };
    }
    case 'insert':
      return {
        ...statement,
        row: newRow(statement.row, change),
        conflict: changedConflict(statement.conflict, change),
        returning,
      };
    case 'spread': {
      const branches = statement.branches.map((branch) => ({
        ...branch,
        condition: orNull(branch.condition, change),
        row: branch.row === null ? null : newRow(branch.row, change),
        conflict: changedConflict(branch.conflict, change),
        values: branch.values.map(change),
      }));
      return { ...statement, branches, returning };
    }
  }
}

/** The same node with other expressions, the same object where none of them is another one; those of its inputs stay. */
export function withExpressions(node: BoundRelation, change: Change): BoundRelation {
  switch (node.op) {
    case 'values': {
      const rows = changedList(node.rows, (row) => changedList(row, change));
      return rows === node.rows ? node : { ...node, rows };
    }
    case 'filter': {
      const condition = change(node.condition);
      return condition === node.condition ? node : { ...node, condition };
    }
    case 'project': {
      const columns = changedItems(node.columns, change);
      return columns === node.columns ? node : { ...node, columns };
    }
    case 'aggregate':
      return {
        ...node,
        keys: changedItems(node.keys, change),
        aggregates: node.aggregates.map((one) => ({
          ...one,
          arguments: changedList(one.arguments, change),
          order: changedItems<BoundSortKey>(one.order, change),
          filter: orNull(one.filter, change),
        })),
      };
    case 'sort': {
      const keys = changedItems<BoundSortKey>(node.keys, change);
      return keys === node.keys ? node : { ...node, keys };
    }
    case 'limit': {
      const limit = orNull(node.limit, change);
      const offset = orNull(node.offset, change);
      const ties = changedItems<BoundSortKey>(node.ties, change);
      return limit === node.limit && offset === node.offset && ties === node.ties ? node : { ...node, limit, offset, ties };
    }
    case 'join': {
      const condition = orNull(node.condition, change);
      return condition === node.condition ? node : { ...node, condition };
    }
    case 'function': {
      const given = changedList(node.arguments, change);
      return given === node.arguments ? node : { ...node, arguments: given };
    }
    case 'window':
      return {
        ...node,
        partition: changedList(node.partition, change),
        order: changedItems<BoundSortKey>(node.order, change),
        functions: node.functions.map((one) => ({
          ...one,
          arguments: changedList(one.arguments, change),
          filter: orNull(one.filter, change),
          frame: {
            ...one.frame,
            startValue: orNull(one.frame.startValue, change),
            endValue: orNull(one.frame.endValue, change),
            rangeKey: orNull(one.frame.rangeKey, change),
          },
        })),
      };
    case 'change':
      return { ...node, statement: withStatementExpressions(node.statement, change) };
    case 'get':
    case 'virtual':
    case 'distinct':
    case 'lock':
    case 'setOperation':
    case 'with':
    case 'cteRef':
    case 'recurse':
    case 'workTable':
      return node;
  }
}

/** Calls `visit` for each expression of a node; not for those of its inputs. */
export function eachExpression(node: BoundRelation, visit: (expression: BoundExpression) => void): void {
  withExpressions(node, (expression) => {
    visit(expression);
    return expression;
  });
}
