/** EXPLAIN ANALYZE: a plan in which the rows of every node are counted (SBLR-E5). Code without counters is not touched by it. */

import type { Counted, PhysicalNode, PhysicalStatement } from './physical.ts';
import { withInputs } from './physical-tree.ts';

export interface CountedPlan {
  readonly plan: PhysicalStatement;
  /** Counters that it uses: Run.counts. */
  readonly counters: number;
}

export function countedPlan(plan: PhysicalStatement): CountedPlan {
  let counters = 0;
  const counted = (node: PhysicalNode): Counted => {
    const input = withInputs(node, counted);
    return { node: 'Counted', input, counter: counters++, estimate: node.estimate };
  };
  const parts = {
    ...(plan.subplans === undefined ? {} : { subplans: plan.subplans.map((one) => ({ ...one, root: counted(one.root) })) }),
    ...(plan.spools === undefined ? {} : { spools: plan.spools.map((one) => ({ ...one, root: counted(one.root) })) }),
  };
  const made: PhysicalStatement =
    plan.kind === 'query' ? { ...plan, ...parts, root: counted(plan.root) } : { ...plan, ...parts, source: counted(plan.source) };
  return { plan: made, counters };
}
