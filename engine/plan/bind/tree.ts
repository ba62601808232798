/** Walks over bound expressions. */

import type { BoundExpression } from '../../sblr/bound.ts';

/** Calls `visit` for each node of an expression, from above. `visit` answering false: not below. */
export function walkExpression(node: BoundExpression, visit: (node: BoundExpression) => boolean): void {
  if (!visit(node)) return;
  for (const child of childrenOf(node)) walkExpression(child, visit);
}

export function childrenOf(node: BoundExpression): readonly BoundExpression[] {
  switch (node.op) {
    case 'column':
    case 'parameter':
    case 'constant':
    case 'local':
      return [];
    case 'call':
    case 'coalesce':
    case 'extreme':
      return node.arguments;
    case 'and':
    case 'or':
      return node.operands;
    case 'not':
    case 'isTest':
      return [node.operand];
    case 'isDistinct':
      return [node.left, node.right];
    case 'case':
      return [...node.whens.flatMap(({ condition, result }) => [condition, result]), node.otherwise];
    case 'in':
      return [node.operand, ...node.list];
    case 'let':
      return [node.value, node.body];
    // What it reads of the block that it stands in; its relation is a block of its own.
    case 'subquery':
      return node.outer.map(({ expression }) => expression);
    case 'subplan':
      return node.outer;
  }
}

/** The same node over other children, in the order of childrenOf. */
export function withChildren(node: BoundExpression, change: (child: BoundExpression) => BoundExpression): BoundExpression {
  switch (node.op) {
    case 'column':
    case 'parameter':
    case 'constant':
    case 'local':
      return node;
    case 'call':
    case 'coalesce':
    case 'extreme':
      return { ...node, arguments: node.arguments.map(change) };
    case 'and':
    case 'or':
      return { ...node, operands: node.operands.map(change) };
    case 'not':
    case 'isTest':
      return { ...node, operand: change(node.operand) };
    case 'isDistinct':
      return { ...node, left: change(node.left), right: change(node.right) };
    case 'case':
      return {
        ...node,
        whens: node.whens.map(({ condition, result }) => ({ condition: change(condition), result: change(result) })),
        otherwise: change(node.otherwise),
      };
    case 'in':
      return { ...node, operand: change(node.operand), list: node.list.map(change) };
    case 'let':
      return { ...node, value: change(node.value), body: change(node.body) };
    case 'subquery':
      return { ...node, outer: node.outer.map((one) => ({ ...one, expression: change(one.expression) })) };
    case 'subplan':
      return { ...node, outer: node.outer.map(change) };
  }
}
