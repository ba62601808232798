/** What is known of the rows of a join. */

import type { BoundJoin } from '../../sblr/bound-relations.ts';
import type { JoinKey } from '../physical.ts';
import { type Facts, isUniqueIn, joinedTogether, keysWithout, type UniqueKey } from './facts.ts';

const columnsIn = (keys: readonly JoinKey[], side: 'left' | 'right'): Set<number> =>
  new Set(keys.flatMap((key) => (key[side].op === 'column' ? [key[side].column] : [])));

const nullsCount = (keys: readonly JoinKey[]): boolean => keys.some(({ nullsMatch }) => nullsMatch);

/** No two rows to collect have the same keys. */
export const isBuildUnique = (facts: Facts, keys: readonly JoinKey[]): boolean =>
  isUniqueIn(facts, columnsIn(keys, 'right'), nullsCount(keys));

/** Keys kept of each side: more are of no use. */
const KEYS_MAX = 4;

/** What is known of the pairs: a row of the left side that finds at most one keeps its keys. */
export function joinFacts(kind: BoundJoin['kind'], left: Facts, right: Facts, unique: boolean, keys: readonly JoinKey[]): Facts {
  if (kind === 'semi' || kind === 'anti' || kind === 'mark') return left;
  const columns = new Map([...left.columns, ...right.columns]);
  const found: UniqueKey[] = [];
  const leftUnique = keys.length > 0 && isUniqueIn(left, columnsIn(keys, 'left'), nullsCount(keys));
  if (kind !== 'right' && kind !== 'full' && (unique || kind === 'single')) found.push(...left.keys);
  if ((kind === 'inner' || kind === 'right') && leftUnique) found.push(...right.keys);
  if (kind === 'inner' || kind === 'left') {
    for (const one of left.keys.slice(0, KEYS_MAX))
      for (const other of right.keys.slice(0, KEYS_MAX)) {
        // Rows without a match have NULLs there: a key that NULLs do not break still names them by the left side's.
        found.push({ columns: new Set([...one.columns, ...other.columns]), nulls: one.nulls && other.nulls });
      }
  }
  return { columns, keys: keysWithout(found, new Set()), ...joinedTogether(left, right) };
}
