/**
 * EXPLAIN ANALYZE: a plan in which the rows of every node are counted (SBLR-E5). Code without counters is not touched by it.
 *
 * A node's counters lie side by side in Run.counts, from Counted.counter on. Rows are those of the node; what is measured (time, pages)
 * is measured by the pipeline, a morsel at a time, for a pipeline is one function: nodes of one pipeline have it in common.
 */

import type { Counted, PhysicalNode, PhysicalStatement, SpoolPlan } from './physical.ts';
import { withInputs } from './physical-tree.ts';

/** Rows that came. */
export const COUNT_ROWS = 0;
/** How often its pipeline was begun. */
export const COUNT_LOOPS = 1;
/** Number of its pipeline, from 1 on. */
export const COUNT_PIPELINE = 2;
/** Milliseconds that its pipeline ran. */
export const COUNT_TIME = 3;
/** Pages that its pipeline has looked into, and those of them that were not in the cache. */
export const COUNT_PAGES = 4;
export const COUNT_READS = 5;
/** Of what collects rows: bytes in memory at most, and bytes that went to files. */
export const COUNT_MEMORY = 6;
export const COUNT_SPILL = 7;
/** Of an index-only read: 1, and the rows that had to be read all the same. */
export const COUNT_FETCHES = 8;
/** Counters of a node. */
export const COUNTS = 9;

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
    const counter = counters;
    counters += COUNTS;
    return { node: 'Counted', input, counter, estimate: node.estimate };
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
