/** Walks over bound expressions. */

import type { BoundExpression } from '../../sblr/bound.ts';
import { changedItems, changedList } from '../../sblr/relation-tree.ts';

/** Calls `visit` for each node of an expression, from above. `visit` answering false: not below. */
export function walkExpression(node: BoundExpression, visit: (node: BoundExpression) => boolean): void {
  if (!visit(node)) return;
  // Planning a statement goes over its expressions often: those of most nodes lie in one list.
  switch (node.op) {
    case 'column':
    case 'parameter':
    case 'constant':
    case 'local':
      return;
    case 'call':
    case 'coalesce':
    case 'extreme':
      return walkAll(node.arguments, visit);
    case 'and':
    case 'or':
      return walkAll(node.operands, visit);
    case 'not':
    case 'isTest':
      return walkExpression(node.operand, visit);
    default:
      return walkAll(childrenOf(node), visit);
  }
}

function walkAll(nodes: readonly BoundExpression[], visit: (node: BoundExpression) => boolean): void {
  for (let at = 0; at < nodes.length; at++) walkExpression(nodes[at], visit);
}

const NONE: readonly BoundExpression[] = [];

export function childrenOf(node: BoundExpression): readonly BoundExpression[] {
  switch (node.op) {
    case 'column':
    case 'parameter':
    case 'constant':
    case 'local':
      return NONE;
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

/** The same node over other children, in the order of childrenOf; the same object where none of them is another one. */
export function withChildren(node: BoundExpression, change: (child: BoundExpression) => BoundExpression): BoundExpression {
  switch (node.op) {
    case 'column':
    case 'parameter':
    case 'constant':
    case 'local':
      return node;
    case 'call':
    case 'coalesce':
    case 'extreme': {
      const list = changedList(node.arguments, change);
      return list === node.arguments ? node : { ...node, arguments: list };
    }
    case 'and':
    case 'or': {
      const operands = changedList(node.operands, change);
      return operands === node.operands ? node : { ...node, operands };
    }
    case 'not':
    case 'isTest': {
      const operand = change(node.operand);
      return operand === node.operand ? node : { ...node, operand };
    }
    case 'isDistinct': {
      const left = change(node.left);
      const right = change(node.right);
      return left === node.left && right === node.right ? node : { ...node, left, right };
    }
    case 'case': {
      const whens = changedList(node.whens, (when) => {
        const condition = change(when.condition);
        const result = change(when.result);
        return condition === when.condition && result === when.result ? when : { condition, result };
      });
      const otherwise = change(node.otherwise);
      return whens === node.whens && otherwise === node.otherwise ? node : { ...node, whens, otherwise };
    }
    case 'in': {
      const operand = change(node.operand);
      const list = changedList(node.list, change);
      return operand === node.operand && list === node.list ? node : { ...node, operand, list };
    }
    case 'let': {
      const value = change(node.value);
      const body = change(node.body);
      return value === node.value && body === node.body ? node : { ...node, value, body };
    }
    case 'subquery': {
      const outer = changedItems(node.outer, change);
      return outer === node.outer ? node : { ...node, outer };
    }
    case 'subplan': {
      const outer = changedList(node.outer, change);
      return outer === node.outer ? node : { ...node, outer };
    }
  }
}
