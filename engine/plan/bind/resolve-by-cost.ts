/**
 * The resolution algorithm `mysql`: the signature whose implicit casts cost least, as the dialect's table of casts has it; of
 * several that cost the same the first one of the table. The common type of several is the one that all become at least cost.
 */

import type { DialectSemantics } from '../../sblr/semantics.ts';
import type { TypeName } from '../../sblr/types.ts';
import { type Candidate, canCast, castRule } from './resolve.ts';

/** What takes any type takes it worse than what asks for it. */
const ANY_COST = 0.5;

/** What it costs that a value of one type stands for one of another; Infinity: it may not. */
function costOf(from: TypeName, to: TypeName, semantics: DialectSemantics): number {
  if (from === to || from === 'unknown') return 0;
  if (!canCast(from, to, 'implicit', semantics)) return Number.POSITIVE_INFINITY;
  return castRule(from, to, semantics)?.cost ?? (to === 'any' ? ANY_COST : 1);
}

/** One of several that fit. */
export function cheapest(
  given: readonly TypeName[],
  fitting: readonly Candidate[],
  semantics: DialectSemantics,
): Candidate | null {
  let found: Candidate | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of fitting) {
    const cost = given.reduce((sum, type, index) => sum + costOf(type, candidate.types[index], semantics), 0);
    if (cost >= least) continue;
    least = cost;
    found = candidate;
  }
  return found;
}

/** The common type, or one that does not go together with the others. All unknown: null. */
export function cheapestType(
  types: readonly TypeName[],
  semantics: DialectSemantics,
): { readonly type: TypeName | null; readonly clash: number } {
  const given = [...new Set(types.filter((type) => type !== 'unknown'))];
  if (given.length < 2) return { type: given[0] ?? null, clash: -1 };
  let found: TypeName | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const { name } of semantics.types) {
    const cost = given.reduce((sum, type) => sum + costOf(type, name, semantics), 0);
    if (cost >= least) continue;
    least = cost;
    found = name;
  }
  return found === null ? { type: given[0], clash: types.indexOf(given[1]) } : { type: found, clash: -1 };
}
