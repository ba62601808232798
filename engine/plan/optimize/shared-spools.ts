/**
 * WITH relations that subqueries read: they are collected once a statement too, by whoever asks first, and all read the same
 * rows. What reads columns of a block around it is not: it is another relation for each of that block's rows.
 */

import type { PhysicalNode, PhysicalStatement, SpoolPlan, Subplan } from '../physical.ts';
import { inputsOf } from '../physical-tree.ts';

interface WithParts {
  readonly spools?: readonly SpoolPlan[];
  readonly subplans?: readonly Subplan[];
}

/** The plan, where its spools say which are shared. */
export function withSharedSpools<Plan extends PhysicalStatement & WithParts>(plan: Plan): Plan {
  const { spools = [], subplans = [] } = plan;
  if (spools.length === 0 || subplans.length === 0) return plan;
  const isBound = boundSpools(spools);
  const shared = new Set<number>();
  const add = (root: PhysicalNode): void => {
    for (const number of spoolsIn(root)) {
      if (shared.has(number) || isBound[number] || spools[number].change !== undefined) continue;
      shared.add(number);
      add(spools[number].root);
    }
  };
  for (const { root } of subplans) add(root);
  if (shared.size === 0) return plan;
  return { ...plan, spools: spools.map((spool, number) => (shared.has(number) ? { ...spool, shared: true as const } : spool)) };
}

const spoolsIn = (node: PhysicalNode): number[] => [
  ...(node.node === 'SpoolScan' ? [node.spool] : []),
  ...inputsOf(node).flatMap(spoolsIn),
];

/** Which of them, one after the other, hang on what is around them. */
function boundSpools(spools: readonly SpoolPlan[]): boolean[] {
  const bound: boolean[] = [];
  for (const { root } of spools) bound.push(isBound(root) || spoolsIn(root).some((number) => bound[number] !== false));
  return bound;
}

/** It reads columns that nothing in it makes, or the rows of a recursion's step around it. */
function isBound(root: PhysicalNode): boolean {
  const made = new Set<number>();
  const read = new Set<number>();
  const recursions = new Set<number>();
  const works = new Set<number>();
  const visit = (part: unknown): void => {
    if (typeof part !== 'object' || part === null || ArrayBuffer.isView(part)) return;
    if ('column' in part && typeof part.column === 'number')
      ('op' in part && part.op === 'column' ? read : made).add(part.column);
    if ('node' in part && 'work' in part && typeof part.work === 'number')
      (part.node === 'WorkScan' ? works : recursions).add(part.work);
    for (const one of Object.values(part)) visit(one);
  };
  visit(root);
  return [...read].some((column) => !made.has(column)) || [...works].some((number) => !recursions.has(number));
}
