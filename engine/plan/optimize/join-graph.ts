/**
 * A tree of joins as a graph, whose relations may be joined in any order that its conditions allow.
 *
 *   leaves   what inner joins put together: in any order
 *   units    the right sides of outer, semi, anti, mark, single and lateral joins: each is attached once what it `requires` is there
 *   edges    conditions, each looked at as soon as all that it reads is there; with the equalities that follow from others
 *
 *   (a join b on a.x = b.x) left join c on b.y = c.y, d where a.x = d.x
 *      leaves a b d    unit c, requires b    edges a.x = b.x, a.x = d.x, b.x = d.x
 *
 * A full join, and a condition that may fail by a row or is volatile, end a graph: what is below them is a leaf.
 */

import type { BoundExpression, BoundRelation, ColumnId } from '../../sblr/bound.ts';
import type { BoundJoin } from '../../sblr/bound-relations.ts';
import type { WithAlternative } from './alternatives.ts';
import type { JoinKey } from '../physical.ts';
import { columnsOf, conjuncts } from './columns.ts';
import { equalityOf } from './equalities.ts';
import { columnsMade, freeColumns } from './made.ts';
import { mayFail } from './may-fail.ts';
import { filtered, isMovable } from './push-down.ts';

export interface Edge {
  readonly condition: BoundExpression;
  /** The members that it reads. */
  readonly members: readonly number[];
  /** The equality that it is, with the members that each side reads; null: none. */
  readonly key: { readonly key: JoinKey; readonly left: readonly number[]; readonly right: readonly number[] } | null;
  /** Equalities of one class follow from each other; -1: of none. */
  readonly equals: number;
}

export interface Unit {
  readonly kind: Exclude<BoundJoin['kind'], 'right' | 'full'>;
  readonly conditions: readonly BoundExpression[];
  readonly lateral: boolean;
  readonly mark: ColumnId;
  /** What may be run for each row instead; null: nothing. */
  readonly alternative: BoundRelation | null;
  /** Members that must be there. */
  readonly requires: readonly number[];
}

/** A leaf, or what is attached. */
export interface Member {
  readonly relation: BoundRelation;
  readonly unit: Unit | null;
}

export interface JoinGraph {
  readonly members: readonly Member[];
  readonly edges: readonly Edge[];
  /** Conditions to look at above all joins. */
  readonly above: readonly BoundExpression[];
}

interface Gathered {
  readonly members: { relation: BoundRelation; unit: (Omit<Unit, 'requires'> & { readonly left: readonly number[] }) | null }[];
  readonly conditions: BoundExpression[];
  /** Equalities that may fail: they join where nothing else does. */
  readonly weak: BoundExpression[];
}

export const isJoinTree = (relation: BoundRelation): boolean => relation.op === 'join' && relation.kind !== 'full';

/** The graph of a join with the joins below it. */
export function graphOf(join: BoundJoin): JoinGraph {
  const gathered: Gathered = { members: [], conditions: [], weak: [] };
  gatherJoin(join, gathered, true);
  const owners = new Map<ColumnId, number>();
  gathered.members.forEach(({ relation, unit }, member) => {
    if (unit?.kind === 'mark') owners.set(unit.mark, member);
    if (unit?.kind !== 'mark' && unit?.kind !== 'semi' && unit?.kind !== 'anti')
      for (const column of columnsMade(relation).keys()) owners.set(column, member);
  });
  const membersOf = (columns: Iterable<ColumnId>): number[] => {
    const found = new Set<number>();
    for (const column of columns) {
      const owner = owners.get(column);
      if (owner !== undefined) found.add(owner);
    }
    return [...found].sort((a, b) => a - b);
  };
  const members = gathered.members.map(({ relation, unit }, member): Member => {
    if (unit === null) return { relation, unit };
    const { left, ...rest } = unit;
    const reads = new Set(columnsOf(...unit.conditions));
    if (unit.lateral) for (const column of freeColumns(relation).keys()) reads.add(column);
    if (unit.alternative !== null) for (const column of freeColumns(unit.alternative).keys()) reads.add(column);
    const requires = membersOf(reads).filter((one) => one !== member);
    return { relation, unit: { ...rest, requires: requires.length > 0 ? requires : left.slice(0, 1) } };
  });
  const edge = (condition: BoundExpression, equals: number): Edge => {
    const key = equalityOf(condition);
    const left = key === null ? [] : membersOf(columnsOf(key.left));
    const right = key === null ? [] : membersOf(columnsOf(key.right));
    const apart = left.length > 0 && right.length > 0 && !left.some((one) => right.includes(one));
    const read = membersOf(columnsOf(condition));
    // What reads a unit alone is looked at when the unit has been attached.
    const waits = read.length === 1 ? (members[read[0]].unit?.requires ?? []) : [];
    return {
      condition,
      members: [...read, ...waits].sort((a, b) => a - b),
      key: key !== null && apart ? { key, left, right } : null,
      equals,
    };
  };
  const all = withImplied(
    gathered.conditions.map((condition) => edge(condition, -1)),
    edge,
  );
  const edges = all.filter((one) => one.members.length > 1);
  const inside = members.map(({ relation, unit }, member): Member => {
    const own = all.filter((one) => one.members.length === 1 && one.members[0] === member).map(({ condition }) => condition);
    return { relation: filtered(relation, own), unit };
  });
  const above = all.filter((one) => one.members.length === 0).map(({ condition }) => condition);
  return joinedByWeak({ members: inside, edges, above }, gathered.weak, edge);
}

/** The members that a relation is made from: of one that is no join, one. */
function gather(relation: BoundRelation, into: Gathered): number[] {
  if (relation.op === 'join' && relation.kind !== 'full') return gatherJoin(relation, into, false);
  if (relation.op === 'filter' && isJoinTree(relation.input)) {
    const conditions = conjuncts(relation.condition);
    if (conditions.every(isMovable)) {
      const members = gather(relation.input, into);
      into.conditions.push(...conditions);
      return members;
    }
  }
  return [into.members.push({ relation, unit: null }) - 1];
}

function gatherJoin(join: BoundJoin, into: Gathered, isTop: boolean): number[] {
  const conditions = conjuncts(join.condition);
  const alternative = (join as WithAlternative).alternative ?? null;
  if (join.kind === 'inner' && !join.lateral && alternative === null) {
    const weak = conditions.filter((condition) => !isMovable(condition));
    // What may fail stays behind the others; an equality may be what joins.
    if (isTop || weak.every((condition) => equalityOf(condition) !== null && mayFail(condition))) {
      const members = [...gather(join.left, into), ...gather(join.right, into)];
      into.conditions.push(...conditions.filter(isMovable));
      into.weak.push(...weak);
      return members;
    }
    return [into.members.push({ relation: join, unit: null }) - 1];
  }
  const [first, second, kind] =
    join.kind === 'right' ? ([join.right, join.left, 'left'] as const) : ([join.left, join.right, join.kind] as const);
  const left = gather(first, into);
  const { lateral, mark } = join;
  const unit = { kind: kind as Unit['kind'], conditions, lateral, mark, alternative, left };
  const member = into.members.push({ relation: second, unit }) - 1;
  return [...left, member];
}

const CLASS_MAX = 16;

/** Equalities a = b and b = c say a = c: each pair of a class is an edge. */
function withImplied(edges: readonly Edge[], edge: (condition: BoundExpression, equals: number) => Edge): Edge[] {
  const classes = new Map<ColumnId, number>();
  const rest: Edge[] = [];
  const equalities: { readonly edge: Edge; readonly columns: readonly [ColumnId, ColumnId] }[] = [];
  let next = 0;
  for (const one of edges) {
    const columns = plainEquality(one);
    if (columns === null) {
      rest.push(one);
      continue;
    }
    equalities.push({ edge: one, columns });
    const [a, b] = columns.map((column) => classes.get(column) ?? -1);
    const joined = a >= 0 ? a : b >= 0 ? b : next++;
    for (const [column, of] of classes) if (of === a || of === b) classes.set(column, joined);
    for (const column of columns) classes.set(column, joined);
  }
  const known = new Map<string, Edge>();
  const sample = new Map<ColumnId, BoundExpression>();
  for (const { edge: one, columns } of equalities) {
    const made = { ...one, equals: classes.get(columns[0]) as number };
    known.set(pairName(columns), made);
    const key = made.key as NonNullable<Edge['key']>;
    sample.set(columns[0], key.key.left).set(columns[1], key.key.right);
  }
  for (const one of new Set(classes.values())) {
    const columns = [...classes].filter(([, of]) => of === one).map(([column]) => column);
    const model = equalities.find(({ columns: [column] }) => classes.get(column) === one)?.edge.condition;
    if (columns.length > CLASS_MAX) {
      // Without those that follow each of them counts for itself.
      for (const [name, made] of known) if (made.equals === one) known.set(name, { ...made, equals: -1 });
      continue;
    }
    if (model?.op !== 'call') continue;
    for (const [index, left] of columns.entries())
      for (const right of columns.slice(index + 1)) {
        const given = [sample.get(left), sample.get(right)] as BoundExpression[];
        const nullable = given.some(({ type }) => type.nullable);
        const implied = edge({ ...model, arguments: given, type: { ...model.type, nullable } }, one);
        if (!known.has(pairName([left, right]))) known.set(pairName([left, right]), implied);
      }
  }
  return [...rest, ...known.values()];
}

const pairName = ([a, b]: readonly [ColumnId, ColumnId]): string => (a < b ? `${a} ${b}` : `${b} ${a}`);

/** The columns of an equality of columns of one type; null: it is another condition. */
function plainEquality({ key }: Edge): readonly [ColumnId, ColumnId] | null {
  if (key === null || key.key.nullsMatch) return null;
  const { left, right } = key.key;
  if (left.op !== 'column' || right.op !== 'column' || left.type.name !== right.type.name) return null;
  return [left.column, right.column];
}

/** Equalities that may fail are edges between what is not joined otherwise; else they stand above. */
function joinedByWeak(
  graph: JoinGraph,
  weak: readonly BoundExpression[],
  edge: (condition: BoundExpression, equals: number) => Edge,
): JoinGraph {
  if (weak.length === 0) return graph;
  const edges = [...graph.edges];
  const above = [...graph.above];
  for (const condition of weak) {
    const made = edge(condition, -1);
    const groups = groupsOfMembers(graph.members, edges);
    const isNeeded = made.key !== null && new Set(made.members.map((member) => groups[member])).size > 1;
    if (isNeeded && above.length === graph.above.length) edges.push(made);
    else above.push(condition);
  }
  return { ...graph, edges, above };
}

/** A number for each member, the same for members that edges and units join. */
export function groupsOfMembers(members: readonly Member[], edges: readonly Edge[]): number[] {
  const group = members.map((_, index) => index);
  const put = (together: readonly number[]): void => {
    const [first] = together;
    for (const other of together.slice(1)) {
      const [from, to] = [group[other], group[first]];
      for (const [index, one] of group.entries()) if (one === from) group[index] = to;
    }
  };
  for (const { members: joined } of edges) put(joined);
  for (const [member, { unit }] of members.entries()) if (unit !== null) put([member, ...unit.requires]);
  return group;
}
