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

/** The same node over other inputs. */
export function withInputs(node: PhysicalNode, change: (input: PhysicalNode) => PhysicalNode): PhysicalNode {
  switch (node.node) {
    case 'HashProbe':
    case 'LoopJoin':
    case 'MergeJoin':
      return { ...node, input: change(node.input), build: change(node.build) };
    case 'HashSetOp':
      return { ...node, left: change(node.left), right: change(node.right) };
    case 'Recurse':
      return { ...node, base: change(node.base), step: change(node.step) };
    default:
      return 'input' in node ? { ...node, input: change(node.input) } : node;
  }
}
