/** EXPLAIN ANALYZE: a plan in which the rows of every node are counted (SBLR-E5). Code without counters is not touched by it. */

import type { Counted, PhysicalNode, PhysicalStatement, SpoolPlan } from './physical.ts';
import { withInputs } from './physical-tree.ts';

export interface CountedPlan {
  readonly plan: PhysicalStatement;
  /** Counters that it uses: Run.counts. */
  readonly counters: number;
}

export function countedPlan(plan: PhysicalStatement): CountedPlan {
  let counters = 0;
  const counted = (node: PhysicalNode): Counted => {
    const inside = withInputs(node, counted);
    const input = inside.node === 'Gather' ? { ...inside, counter: counters++ } : inside;
    return { node: 'Counted', input, counter: counters++, estimate: node.estimate };
  };
  // The source of a change in a WITH is the spool's root.
  const spool = (one: SpoolPlan): SpoolPlan => {
    const root = counted(one.root);
    return one.change === undefined ? { ...one, root } : { ...one, root, change: { ...one.change, source: root } };
  };
  const parts = {
    ...(plan.subplans === undefined ? {} : { subplans: plan.subplans.map((one) => ({ ...one, root: counted(one.root) })) }),
    ...(plan.spools === undefined ? {} : { spools: plan.spools.map(spool) }),
  };
  const made: PhysicalStatement =
    plan.kind === 'query' ? { ...plan, ...parts, root: counted(plan.root) } : { ...plan, ...parts, source: counted(plan.source) };
  return { plan: made, counters };
}
