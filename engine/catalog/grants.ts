/**
 * Rights on objects as lists of grants: who has them, from whom. Nothing said (null) is what the kind of the object gives by itself;
 * the first GRANT or REVOKE writes that down and changes it.
 *
 *   { to: 17, by: 0, rights: ['select', 'update*'] }      to 0: everybody; by 0: the owner, whoever that is; `*`: may grant it on
 *
 * Columns of tables and views have lists of their own, which add to the table's.
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';

export interface Grant {
  readonly to: number;
  readonly by: number;
  readonly rights: readonly string[];
}

export type Grants = readonly Grant[];

/** Kinds of objects that have rights, and which. */
export const RIGHTS = {
  table: ['insert', 'select', 'update', 'delete', 'truncate', 'references', 'trigger'],
  sequence: ['select', 'update', 'usage'],
  schema: ['usage', 'create'],
  database: ['create', 'temporary', 'connect'],
  function: ['execute'],
  type: ['usage'],
  column: ['insert', 'select', 'update', 'references'],
} as const;

export type GrantedKind = keyof typeof RIGHTS;

/** What everybody may while nothing is said. */
const FOR_ALL: { readonly [kind in GrantedKind]: readonly string[] } = {
  ...{ table: [], sequence: [], schema: [], column: [], database: ['temporary', 'connect'] },
  ...{ function: ['execute'], type: ['usage'] },
};

export const rightsOfAll = (kind: GrantedKind): readonly string[] => FOR_ALL[kind];

/** Kind of rights that a kind of objects has. */
export const grantedKind = (kind: string): GrantedKind =>
  kind === 'view' ? 'table' : kind === 'procedure' ? 'function' : kind === 'role' ? 'database' : (kind as GrantedKind);

/** Rights of a new object, written down. */
export function firstGrants(kind: GrantedKind, owner: number): Grants {
  if (kind === 'column') return [];
  const all: Grant[] = FOR_ALL[kind].length === 0 ? [] : [{ to: 0, by: 0, rights: FOR_ALL[kind] }];
  return [...all, { to: owner, by: 0, rights: RIGHTS[kind] }];
}

export const plainRight = (right: string): string => (right.endsWith('*') ? right.slice(0, -1) : right);

/** A list without a right, or with it; the one with the option to grant it on covers the one without. */
export const hasRight = (rights: readonly string[], right: string): boolean =>
  rights.includes(right) || rights.includes(`${right}*`);

/** Two lists say the same. */
export const sameGrants = (left: Grants, right: Grants): boolean =>
  left.length === right.length &&
  left.every(({ to, by, rights }) => {
    const other = right.find((one) => one.to === to && one.by === by);
    return other !== undefined && [...other.rights].sort().join() === [...rights].sort().join();
  });

/** Both lists in one. */
export function joinedGrants(left: Grants, right: Grants): Grants {
  let result = left;
  for (const { to, by, rights } of right) result = withRights(result, to, by, (known) => addRights(known, rights));
  return result;
}

const addRights = (known: readonly string[], rights: readonly string[]): string[] => {
  const added = rights.filter((right) => !known.includes(right) && !known.includes(`${right}*`));
  const plain = added.filter((right) => right.endsWith('*')).map(plainRight);
  return [...known.filter((right) => !plain.includes(right)), ...added];
};

function withRights(list: Grants, to: number, by: number, change: (rights: readonly string[]) => readonly string[]): Grants {
  const at = list.findIndex((one) => one.to === to && one.by === by);
  const rights = change(at < 0 ? [] : list[at].rights);
  if (at < 0) return rights.length === 0 ? list : [...list, { to, by, rights }];
  if (rights.length === 0) return list.filter((_, place) => place !== at);
  return list.map((one, place) => (place === at ? { ...one, rights } : one));
}

// ---- GRANT, REVOKE ----

export interface GrantChange {
  readonly revoke: boolean;
  /** GRANT: with the option to grant on. REVOKE: only that. */
  readonly option: boolean;
  readonly cascade: boolean;
}

/** The list after a grantor (0: the owner) has given rights to somebody or taken his own grants back. 0LP01, 2BP01 */
export function changedGrants(
  list: Grants,
  owner: number,
  to: number,
  by: number,
  rights: readonly string[],
  change: GrantChange,
): Grants {
  if (change.revoke) return revoked(list, owner, to, by, rights, change.option, change.cascade);
  if (!change.option) return withRights(list, to, by, (known) => addRights(known, rights));
  if (to === 0) throw new SqlError(SQLSTATE.invalid_grant_operation, 'grant options can only be granted to roles');
  mustNotCircle(list, owner, to, by, rights);
  return withRights(list, to, by, (known) =>
    addRights(
      known,
      rights.map((right) => `${right}*`),
    ),
  );
}

function revoked(
  list: Grants,
  owner: number,
  to: number,
  by: number,
  rights: readonly string[],
  optionOnly: boolean,
  cascade: boolean,
): Grants {
  const result = withRights(list, to, by, (known) =>
    known.flatMap((right) => (!rights.includes(plainRight(right)) ? [right] : optionOnly ? [plainRight(right)] : [])),
  );
  return withoutDependents(result, owner, to, rights, cascade);
}

/** What somebody has granted on with options that he has lost goes as well, or refuses. */
function withoutDependents(list: Grants, owner: number, from: number, rights: readonly string[], cascade: boolean): Grants {
  if (from === owner || from === 0) return list;
  const lost = rights.filter((right) => !list.some((one) => one.to === from && one.rights.includes(`${right}*`)));
  if (lost.length === 0) return list;
  let result = list;
  for (const { to, rights: given } of list.filter(({ by }) => by === from)) {
    const gone = lost.filter((right) => hasRight(given, right));
    if (gone.length === 0) continue;
    if (!cascade)
      throw new SqlError(SQLSTATE.dependent_objects_still_exist, 'dependent privileges exist', {
        hint: 'Use CASCADE to revoke them too.',
      });
    result = revoked(result, owner, to, from, gone, false, true);
  }
  return result;
}

/** Nobody is given options on which those of whoever grants them rest. 0LP01 */
function mustNotCircle(list: Grants, owner: number, to: number, by: number, rights: readonly string[]): void {
  if (by === 0 || to === owner) return;
  let rest = list;
  for (const { to: given, by: giver } of list) if (given === to) rest = revoked(rest, owner, to, giver, rights, false, true);
  const keeps = rights.every((right) => rest.some((one) => one.to === by && one.rights.includes(`${right}*`)));
  if (keeps) return;
  throw new SqlError(SQLSTATE.invalid_grant_operation, 'grant options cannot be granted back to your own grantor');
}

// ---- other owners, roles that go ----

/** What the old owner had, and has granted, is the new one's. */
export function grantsOfOwner(list: Grants | null, before: number, after: number): Grants | null {
  if (list === null) return null;
  let result: Grants = [];
  for (const { to, by, rights } of list) {
    const [receiver, giver] = [to === before ? after : to, by === after ? 0 : by];
    result = withRights(result, receiver, giver, (known) => addRights(known, rights));
  }
  return result;
}

/** Without all that a role was given, and what rests on that. */
export function grantsWithout(list: Grants, owner: number, role: number): Grants {
  let result = list;
  for (const { to, by, rights } of list)
    if (to === role && role !== owner) result = revoked(result, owner, to, by, rights.map(plainRight), false, true);
  return result.filter(({ to, by }) => to !== role && by !== role);
}
