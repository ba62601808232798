/**
 * GROUPING SETS, ROLLUP and CUBE as plain sets of keys. Elements of GROUP BY beside each other are multiplied:
 *
 *   a, rollup(b, c)   ->   (a, b, c)  (a, b)  (a)
 */

import type { BoundExpression } from '../../sblr/bound.ts';
import type { SourceExpression, SourceGroupingNode } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { fault } from './errors.ts';

export type KeySet = readonly BoundExpression[];

const CUBE_MAX = 12;
const SETS_MAX = 4096;

type BindKey = (source: SourceExpression) => BoundExpression;

/** What GROUP BY lists, and whether sets that are the same count once. */
function listed(group: readonly SourceExpression[]): {
  readonly items: readonly SourceExpression[];
  readonly isDistinct: boolean;
} {
  const [first] = group;
  const isDistinct = first?.op === 'grouping' && first.kind === 'distinct';
  return { items: isDistinct ? first.items : group, isDistinct };
}

/** Whether GROUP BY says more than keys. */
export const hasSets = (group: readonly SourceExpression[]): boolean =>
  listed(group).items.some((item) => item.op === 'grouping' && (item.kind !== 'set' || item.items.length === 0));

export const isDistinct = (group: readonly SourceExpression[]): boolean => listed(group).isDistinct;

/** The sets of a whole GROUP BY, without those of them that are too many. 54001, 54011 */
export function setsOf(group: readonly SourceExpression[], bindKey: BindKey): readonly KeySet[] {
  let sets: readonly KeySet[] = [[]];
  for (const item of listed(group).items) {
    const more = expand(item, bindKey);
    if (sets.length * more.length > SETS_MAX)
      throw fault(SQLSTATE.statement_too_complex, `too many grouping sets present (maximum ${SETS_MAX})`, item.at);
    sets = sets.flatMap((set) => more.map((other) => [...set, ...other]));
  }
  return sets;
}

function expand(source: SourceExpression, bindKey: BindKey): readonly KeySet[] {
  if (source.op !== 'grouping') return [[bindKey(source)]];
  switch (source.kind) {
    case 'set':
    case 'distinct':
      return [source.items.map(bindKey)];
    case 'sets':
      return source.items.flatMap((item) => expand(item, bindKey));
    case 'rollup': {
      const parts = partsOf(source, bindKey);
      return Array.from({ length: parts.length + 1 }, (_, left) => parts.slice(0, parts.length - left).flat());
    }
    case 'cube': {
      if (source.items.length > CUBE_MAX)
        throw fault(SQLSTATE.too_many_columns, `CUBE is limited to ${CUBE_MAX} elements`, source.at);
      const parts = partsOf(source, bindKey);
      const all = 2 ** parts.length - 1;
      return Array.from({ length: all + 1 }, (_, left) => parts.filter((_part, at) => ((all - left) >> at) & 1).flat());
    }
  }
}

/** Elements of ROLLUP and CUBE: single keys, or several in parentheses that come and go together. */
const partsOf = ({ items }: SourceGroupingNode, bindKey: BindKey): KeySet[] => items.flatMap((item) => expand(item, bindKey));
