/** FOR UPDATE and the like: behind the sort, before the limit, so that only rows of the answer are locked. */

import type { BoundGet, BoundLock, BoundRelation } from '../../sblr/bound.ts';
import { foldParts } from '../../sblr/resolve-type.ts';
import type { SourceLocking, SourceSelectNode } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { fault, unsupported } from './errors.ts';
import type { BoundFrom, LockTarget } from './from.ts';
import { lockableRows } from './row-security.ts';
import type { BindState } from './state.ts';

const STRENGTHS: readonly BoundLock['strength'][] = ['keyShare', 'share', 'noKeyUpdate', 'update'];
const WAITS: readonly BoundLock['wait'][] = ['wait', 'skip', 'nowait'];
const SHOWN: { readonly [strength in BoundLock['strength']]: string } = {
  update: 'FOR UPDATE',
  noKeyUpdate: 'FOR NO KEY UPDATE',
  share: 'FOR SHARE',
  keyShare: 'FOR KEY SHARE',
};

/** What OF may not name. */
const NOT_LOCKED: { readonly [kind in LockTarget['kind']]?: string } = {
  join: 'a join',
  function: 'a function',
  with: 'a WITH query',
};

const strongest = <T>(order: readonly T[], given: readonly T[]): T => order[Math.max(...given.map((one) => order.indexOf(one)))];

/** What a block makes of the rows of its tables. */
export interface MadeRows {
  readonly isGrouped: boolean;
  readonly hasWindows: boolean;
  readonly hasSets: boolean;
}

/** What makes rows other than those of the tables; null: nothing. */
export function notLocked(source: SourceSelectNode, { isGrouped, hasWindows, hasSets }: MadeRows): string | null {
  if (source.distinct !== 'none') return 'DISTINCT clause';
  if (source.group.length > 0) return 'GROUP BY clause';
  if (source.having !== null) return 'HAVING clause';
  if (isGrouped) return 'aggregate functions';
  if (hasWindows) return 'window functions';
  return hasSets ? 'set-returning functions in the target list' : null;
}

const refuse = (what: string | null | undefined, locking: SourceLocking): void => refuseLocking([locking], what);

/** 0A000 */
export function refuseLocking([locking]: readonly SourceLocking[], what: string | null | undefined): void {
  if (locking === undefined || what === null || what === undefined) return;
  throw fault(SQLSTATE.feature_not_supported, `${SHOWN[locking.strength]} is not allowed with ${what}`, locking.at);
}

/** What one clause locks: what it names, or all tables of FROM. 42P01, 0A000 */
function targets(locking: SourceLocking, from: BoundFrom, state: BindState): readonly LockTarget[] {
  const say = (what: string, at: number): never => {
    throw fault(SQLSTATE.feature_not_supported, `${SHOWN[locking.strength]} cannot be applied to ${what}`, at);
  };
  const named = locking.of.map((name) => {
    const parts = foldParts(name, state.semantics);
    if (parts.length > 1)
      throw fault(SQLSTATE.syntax_error, `${SHOWN[locking.strength]} must specify unqualified relation names`, name.at);
    const found = from.locks.find(({ alias }) => alias === parts[0]);
    if (found === undefined)
      throw fault(
        SQLSTATE.undefined_table,
        `relation "${parts[0]}" in ${SHOWN[locking.strength]} clause not found in FROM clause`,
        name.at,
      );
    const refused = NOT_LOCKED[found.kind];
    return refused === undefined ? found : say(refused, name.at);
  });
  const all = locking.of.length > 0 ? named : from.locks;
  for (const { refused } of all) refuse(refused, locking);
  if (all.some(({ kind }) => kind === 'virtual')) throw unsupported('locking rows of a system catalog is', locking.at);
  if (all.some(({ gets, nullable }) => nullable && gets.length > 0)) say('the nullable side of an outer join', locking.at);
  return all;
}

export function bindLocking(
  input: BoundRelation,
  source: SourceSelectNode,
  from: BoundFrom | null,
  made: MadeRows,
  state: BindState,
): BoundRelation {
  const wanted = new Map<BoundGet, SourceLocking[]>();
  /** The tables that are named in place of their members. */
  const families = new Map<BoundGet, number>();
  for (const locking of source.locking) {
    refuse(notLocked(source, made), locking);
    if (locking.wait === 'skip' && source.ties)
      throw fault(SQLSTATE.syntax_error, 'SKIP LOCKED and WITH TIES options cannot be used together', locking.at);
    for (const { gets, of } of from === null ? [] : targets(locking, from, state))
      for (const get of gets) {
        wanted.set(get, [...(wanted.get(get) ?? []), locking]);
        if (of !== undefined) families.set(get, of);
      }
  }
  let root = input;
  for (const [get, all] of wanted) {
    const { table: id, rowId } = get;
    const table = state.environment.catalog.relation(families.get(get) ?? id);
    if (table !== null) state.use(table, 'update', []);
    const strength = strongest(
      STRENGTHS,
      all.map((one) => one.strength),
    );
    const wait = strongest(
      WAITS,
      all.map((one) => one.wait),
    );
    root = { op: 'lock', input: lockableRows(root, get), table: id, rowId, strength, wait };
  }
  return root;
}
