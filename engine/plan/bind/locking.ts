/** FOR UPDATE and the like: behind the sort, before the limit, so that only rows of the answer are locked. */

import type { BoundLock, BoundRelation } from '../../sblr/bound.ts';
import { foldParts } from '../../sblr/resolve-type.ts';
import type { SourceLocking, SourceSelectNode } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { fault, unsupported } from './errors.ts';
import type { BoundFrom } from './from.ts';
import type { BindState } from './state.ts';

const STRENGTHS: readonly BoundLock['strength'][] = ['keyShare', 'share', 'noKeyUpdate', 'update'];
const WAITS: readonly BoundLock['wait'][] = ['wait', 'skip', 'nowait'];
const SHOWN: { readonly [strength in BoundLock['strength']]: string } = {
  update: 'FOR UPDATE',
  noKeyUpdate: 'FOR NO KEY UPDATE',
  share: 'FOR SHARE',
  keyShare: 'FOR KEY SHARE',
};

const strongest = <T>(order: readonly T[], given: readonly T[]): T => order[Math.max(...given.map((one) => order.indexOf(one)))];

function refuse(source: SourceSelectNode, locking: SourceLocking, isGrouped: boolean): void {
  const say = (what: string): never => {
    throw fault(SQLSTATE.feature_not_supported, `${SHOWN[locking.strength]} is not allowed with ${what}`, locking.at);
  };
  if (source.distinct !== 'none') say('DISTINCT clause');
  if (source.group.length > 0) say('GROUP BY clause');
  if (source.having !== null) say('HAVING clause');
  if (isGrouped) say('aggregate functions');
}

function checkNames(locking: SourceLocking, from: BoundFrom | null, state: BindState): void {
  for (const name of locking.of) {
    const parts = foldParts(name, state.semantics);
    if (parts.length === 1 && parts[0] === from?.scope.alias) continue;
    throw fault(
      SQLSTATE.undefined_table,
      `relation "${parts.join('.')}" in ${SHOWN[locking.strength]} clause not found in FROM clause`,
      name.at,
    );
  }
}

export function bindLocking(
  root: BoundRelation,
  source: SourceSelectNode,
  from: BoundFrom | null,
  isGrouped: boolean,
  state: BindState,
): BoundRelation {
  const { locking } = source;
  if (locking.length === 0) return root;
  for (const one of locking) {
    refuse(source, one, isGrouped);
    checkNames(one, from, state);
  }
  if (from === null) return root;
  const { get } = from;
  if (get === null) throw unsupported('locking rows of a system catalog is', locking[0].at);
  const table = state.environment.catalog.relation(get.table);
  if (table !== null) state.use(table, 'update');
  const strength = strongest(
    STRENGTHS,
    locking.map((one) => one.strength),
  );
  const wait = strongest(
    WAITS,
    locking.map((one) => one.wait),
  );
  return { op: 'lock', input: root, table: get.table, rowId: get.rowId, strength, wait };
}
