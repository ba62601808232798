/** Constraints while they are read: they begin empty, the grammar fills in what it finds. */

import type { SourceConstraintNode } from '../../engine/sblr/source.gen.ts';
import type { Writable } from './lower.ts';

export type WritableConstraint = Writable<SourceConstraintNode>;

export const constraintAt = (at: number): WritableConstraint => ({
  op: 'constraint',
  at,
  name: null,
  kind: 'null',
  expression: null,
  columns: [],
  nullsDistinct: true,
  table: null,
  referenced: [],
  onDelete: 'noAction',
  onUpdate: 'noAction',
  deferrable: false,
  initiallyDeferred: false,
  options: [],
});
