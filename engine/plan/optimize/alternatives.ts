/** A join that may be run another way: for each row of the left side the relation `alternative`, which reads that row. */

import type { BoundRelation } from '../../sblr/bound.ts';
import type { BoundJoin } from '../../sblr/bound-relations.ts';

/** `alternative` gives the columns of `right` that are read above, under the same ids; a row for each row of the left side. */
export interface WithAlternative extends BoundJoin {
  readonly alternative?: BoundRelation | null;
}
