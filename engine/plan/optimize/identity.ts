/**
 * By what a relation is known from one planning of a statement to the next: the tables and other leaves that it is made from. What joins
 * them, and what they are filtered by, follows from that, for conditions stand as far down as they can.
 *
 *   a join b on ... where a.x = 1    t7.a,t8.b          semi join with c    t7.a,t8.b,?t9.c          groups of it    (t7.a,t8.b)
 */

import type { PhysicalNode, PhysicalQuery } from '../physical.ts';
import { inputsOf } from '../physical-tree.ts';

/** Leaves of a node, unsorted. */
export function leavesOf(node: PhysicalNode): string[] {
  switch (node.node) {
    case 'PageScan':
    case 'IndexPoint':
    case 'IndexPoints':
    case 'IndexRange':
    case 'RowIdFetch':
      return [`t${node.table}.${node.alias}`];
    case 'SpoolScan':
      return [`s${node.spool}.${node.alias}`];
    case 'WorkScan':
      return [`w${node.work}.${node.alias}`];
    case 'CatalogScan':
      return [`c${node.name}.${node.alias}`];
    case 'FunctionScan':
      return [`f${node.primitive}.${node.alias}`];
    case 'ValuesScan':
      return [`v${node.columns.map(({ column }) => column).join('+')}`];
    case 'Filter':
    case 'Compute':
    case 'Sort':
    case 'LockRow':
    case 'Gather':
    case 'Counted':
    case 'WindowFrames':
      return leavesOf(node.input);
    case 'HashProbe':
    case 'LoopJoin':
    case 'MergeJoin': {
      const isTurned = node.kind === 'right';
      return joinedLeaves(
        isTurned ? 'left' : node.kind,
        leavesOf(isTurned ? node.build : node.input),
        leavesOf(isTurned ? node.input : node.build),
      );
    }
    case 'IndexJoin':
      return joinedLeaves(node.kind, leavesOf(node.input), [`t${node.inner.table}.${node.inner.alias}`]);
    case 'ApplyMemo':
      return joinedLeaves(node.kind, leavesOf(node.input), [`p${node.plan}`]);
    default:
      return [`(${node.node} ${inputsOf(node).map(identityOf).join(' ')})`];
  }
}

/** What a join of this kind makes of the leaves of its sides. */
export const joinedLeaves = (kind: string, left: readonly string[], right: readonly string[]): string[] => [
  ...left,
  ...(kind === 'inner' || kind === 'left' || kind === 'full' ? right : right.map((leaf) => `?${kind} ${leaf}`)),
];

export const identityOf = (node: PhysicalNode): string => leavesOf(node).sort().join(',');

/** How a plan goes about it: two that say the same here differ in what they expect only. */
export function shapeOf({ root, subplans = [], spools = [] }: PhysicalQuery): string {
  const text = (node: PhysicalNode): string => {
    const own = 'index' in node ? `${node.node} ${node.index}` : node.node;
    const kind = 'kind' in node ? ` ${node.kind}` : '';
    const inputs = inputsOf(node).map(text);
    return `${own}${kind}(${inputs.length === 0 ? leavesOf(node).join() : inputs.join(';')})`;
  };
  return [root, ...subplans.map((one) => one.root), ...spools.map((one) => one.root)].map(text).join('\n');
}
