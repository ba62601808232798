/** Walks over physical plans. */

import type { PhysicalNode } from './physical.ts';

/** The nodes that a node takes rows from: the one that streams first, then what is collected. */
export function inputsOf(node: PhysicalNode): readonly PhysicalNode[] {
  switch (node.node) {
    case 'HashProbe':
    case 'LoopJoin':
    case 'MergeJoin':
      return [node.input, node.build];
    case 'HashSetOp':
      return [node.left, node.right];
    case 'Recurse':
      return [node.base, node.step];
    default:
      return 'input' in node ? [node.input] : [];
  }
}
