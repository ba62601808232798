/** One statement of a story, and how its answers are compared. */

import type { Tree } from './tree.ts';

export interface Step {
  readonly kind: 'query' | 'change' | 'define' | 'transact';
  readonly table: string;
  text: Tree;
  /** The order of the result is told to the last row; otherwise rows are compared as a bag. */
  readonly isOrdered: boolean;
  /** Which rows a LIMIT takes is not told: only their number is compared. */
  readonly onlyCount: boolean;
  /** Of equal numerics with another scale any may stand for all. */
  readonly looseScale: boolean;
  /** It draws from a sequence. */
  readonly draws: boolean;
}

/** A step with what is special about it. */
export const step = (kind: Step['kind'], table: string, text: Tree, more: Partial<Step> = {}): Step => ({
  kind,
  table,
  text,
  isOrdered: false,
  onlyCount: false,
  looseScale: false,
  draws: false,
  ...more,
});

export const define = (table: string, text: Tree): Step => step('define', table, text);
