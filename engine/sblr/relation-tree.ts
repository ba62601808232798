/** Walks over bound relations: what a relation is made from, the expressions that stand in it, and the same relation over others. */

import type { BoundExpression, BoundNewRow, BoundPlanned, BoundQuery, BoundRelation, BoundSortKey } from './bound.ts';

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

/** The same node over other inputs. */
export function withInputs(node: BoundRelation, change: (input: BoundRelation) => BoundRelation): BoundRelation {
  switch (node.op) {
    case 'join':
    case 'setOperation':
      return { ...node, left: change(node.left), right: change(node.right) };
    case 'recurse':
      return { ...node, base: change(node.base), step: change(node.step) };
    case 'with': {
      const definitions = node.definitions.map((one) => ({ ...one, relation: change(one.relation) }));
      return { ...node, definitions, input: change(node.input) };
    }
    case 'change':
      return { ...node, statement: { ...node.statement, source: change(node.statement.source) } };
    default:
      return 'input' in node ? { ...node, input: change(node.input) } : node;
  }
}

type Change = (expression: BoundExpression) => BoundExpression;

const orNull = (node: BoundExpression | null, change: Change): BoundExpression | null => (node === null ? null : change(node));

const made = <Item extends { readonly expression: BoundExpression }>(items: readonly Item[], change: Change): Item[] =>
  items.map((item) => ({ ...item, expression: change(item.expression) }));

const newRow = (row: BoundNewRow, change: Change): BoundNewRow => ({
  ...row,
  attributes: made(row.attributes, change),
  checks: made(row.checks, change),
});

/** The same statement with other expressions; those of its source stay. */
export function withStatementExpressions<Statement extends Exclude<BoundPlanned, BoundQuery>>(
  statement: Statement,
  change: Change,
): Statement {
  const returning = made(statement.returning, change);
  switch (statement.kind) {
    case 'delete':
      return { ...statement, returning };
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
    case 'insert': {
      const { conflict } = statement;
      const changed =
        conflict === null
          ? null
          : {
              ...conflict,
              change: conflict.change === null ? null : newRow(conflict.change, change),
              where: orNull(conflict.where, change),
            };
      return { ...statement, row: newRow(statement.row, change), conflict: changed, returning };
    }
  }
}

/** The same node with other expressions; those of its inputs stay. */
export function withExpressions(node: BoundRelation, change: Change): BoundRelation {
  switch (node.op) {
    case 'values':
      return { ...node, rows: node.rows.map((row) => row.map(change)) };
    case 'filter':
      return { ...node, condition: change(node.condition) };
    case 'project':
      return { ...node, columns: made(node.columns, change) };
    case 'aggregate':
      return {
        ...node,
        keys: made(node.keys, change),
        aggregates: node.aggregates.map((one) => ({
          ...one,
          arguments: one.arguments.map(change),
          order: made<BoundSortKey>(one.order, change),
          filter: orNull(one.filter, change),
        })),
      };
    case 'sort':
      return { ...node, keys: made<BoundSortKey>(node.keys, change) };
    case 'limit':
      return {
        ...node,
        limit: orNull(node.limit, change),
        offset: orNull(node.offset, change),
        ties: made<BoundSortKey>(node.ties, change),
      };
    case 'join':
      return { ...node, condition: orNull(node.condition, change) };
    case 'function':
      return { ...node, arguments: node.arguments.map(change) };
    case 'window':
      return {
        ...node,
        partition: node.partition.map(change),
        order: made<BoundSortKey>(node.order, change),
        functions: node.functions.map((one) => ({
          ...one,
          arguments: one.arguments.map(change),
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
