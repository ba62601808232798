/**
 * Conditions go down: to the side of a join that they read, through projections, groupings (on their keys) and set operations, to
 * where they throw out rows first. What may fail by a row stays behind the joins that guard it (SBLR-E4); what is volatile stays.
 *
 *   Filter a.x = 1 and b.y = a.z          Join b.y = a.z
 *     Join                           ->     Filter a.x = 1
 *       a                                     a
 *       b                                   b
 */

import type { BoundExpression, BoundRelation, ColumnId } from '../../sblr/bound.ts';
import type { BoundJoin } from '../../sblr/bound-relations.ts';
import { withExpressions, withInputs } from '../../sblr/relation-tree.ts';
import type { WithAlternative } from './alternatives.ts';
import { columnsOf, conjunction, isVolatile } from './columns.ts';
import { insideQueries } from './inline.ts';
import { columnsMade, type Columns } from './made.ts';
import { holdsCorrelated, holdsSubquery, mayFail, replaceColumns } from './may-fail.ts';
import { factored, restriction } from './or-conditions.ts';
import { rejectsNulls } from './rejects-nulls.ts';

type Conditions = readonly BoundExpression[];

const NO_CONDITIONS: Conditions = [];

/**
 * A relation whose rows satisfy the conditions, each of which is looked at as far down as it may be. `isFlat`: there are no
 * subqueries in it.
 */
export const pushDown = (relation: BoundRelation, conditions: Conditions = NO_CONDITIONS, isFlat = false): BoundRelation =>
  push(isFlat ? relation : insideSubqueries(relation), conditions);

/** Relations of subqueries are blocks of their own. */
const insideSubqueries = (relation: BoundRelation): BoundRelation =>
  withExpressions(withInputs(relation, insideSubqueries), (expression) => insideQueries(expression, (query) => pushDown(query)));

function push(node: BoundRelation, conditions: Conditions): BoundRelation {
  switch (node.op) {
    case 'filter':
      // It has its place where there is nothing to go through.
      if (node.input.op === 'get' && conditions.length === 0 && node.condition.op === 'call') return node;
      return push(node.input, [...factored(node.condition), ...conditions]);
    case 'join':
      return pushJoin(node, conditions);
    case 'project':
      return pushProject(node, conditions);
    case 'aggregate': {
      const everywhere = node.keys.filter((_, key) => node.sets.every(({ keys }) => keys.includes(key)));
      const keys = new Map(everywhere.map(({ column, expression }) => [column, expression]));
      return through(node, conditions, (condition) =>
        keys.size > 0 && columnsOf(condition).size > 0 && readsOnly(condition, keys) ? substituted(condition, keys) : null,
      );
    }
    case 'distinct': {
      const columns = new Set(node.columns);
      return through(node, conditions, (condition) =>
        [...columnsOf(condition)].every((column) => columns.has(column)) ? condition : null,
      );
    }
    case 'window': {
      const columns = new Set(node.partition.flatMap((one) => (one.op === 'column' ? [one.column] : [])));
      return through(node, conditions, (condition) =>
        columns.size > 0 && columnsOf(condition).size > 0 && [...columnsOf(condition)].every((column) => columns.has(column))
          ? condition
          : null,
      );
    }
    case 'sort':
      return withInputs(node, (input) => push(input, conditions));
    case 'with':
      return {
        ...node,
        definitions: node.definitions.map((one) => ({ ...one, relation: push(one.relation, []) })),
        input: push(node.input, conditions),
      };
    case 'setOperation': {
      const side = (of: 'left' | 'right'): BoundRelation => {
        const names = new Map(node.columns.map((one) => [one.column, columnExpression(one[of], node[of], one.type)]));
        return push(
          node[of],
          conditions.filter(isMovable).map((condition) => substituted(condition, names)),
        );
      };
      return filtered(
        { ...node, left: side('left'), right: side('right') },
        conditions.filter((condition) => !isMovable(condition)),
      );
    }
    default:
      return filtered(withInputs(node, pushNothing), conditions);
  }
}

const pushNothing = (input: BoundRelation): BoundRelation => push(input, NO_CONDITIONS);

export const isMovable = (condition: BoundExpression): boolean =>
  !isVolatile(condition) && !mayFail(condition) && !holdsCorrelated(condition);

/** A relation less the rows that do not satisfy the conditions. */
export const filtered = (input: BoundRelation, conditions: Conditions): BoundRelation => {
  const condition = conjunction(conditions);
  return condition === null ? input : { op: 'filter', input, condition };
};

const readsOnly = (expression: BoundExpression, columns: ReadonlyMap<ColumnId, unknown>): boolean =>
  [...columnsOf(expression)].every((column) => columns.has(column));

const substituted = (condition: BoundExpression, by: ReadonlyMap<ColumnId, BoundExpression>): BoundExpression =>
  replaceColumns(condition, (column) => by.get(column));

function columnExpression(column: ColumnId, relation: BoundRelation, type: BoundExpression['type']): BoundExpression {
  return { op: 'column', column, type: columnsMade(relation).get(column) ?? type };
}

/** Below a node over one input: what `below` answers goes there, what it answers null for stays above. */
function through(
  node: BoundRelation & { readonly input: BoundRelation },
  conditions: Conditions,
  below: (condition: BoundExpression) => BoundExpression | null,
): BoundRelation {
  const down: BoundExpression[] = [];
  const stay: BoundExpression[] = [];
  for (const condition of conditions) {
    const moved = isMovable(condition) ? below(condition) : null;
    if (moved !== null && isMovable(moved)) down.push(moved);
    else stay.push(condition);
  }
  return filtered(
    withInputs(node, (input) => push(input, down)),
    stay,
  );
}

function pushProject(node: BoundRelation & { op: 'project' }, conditions: Conditions): BoundRelation {
  if (conditions.length === 0) return withInputs(node, pushNothing);
  const given = new Map(node.columns.map(({ column, expression }) => [column, expression]));
  const down: BoundExpression[] = [];
  const stay: BoundExpression[] = [];
  for (const condition of conditions) {
    const reads = [...columnsOf(condition)].flatMap((column) => given.get(column) ?? []);
    const isPlain = !isVolatile(condition) && reads.every((one) => !isVolatile(one) && !holdsSubquery(one));
    // It is evaluated behind the same conditions there as here.
    if (isPlain && stay.length === 0) down.push(substituted(condition, given));
    else if (isPlain && isMovable(condition) && reads.every((one) => !mayFail(one))) down.push(substituted(condition, given));
    else stay.push(condition);
  }
  return filtered({ ...node, input: push(node.input, down) }, stay);
}

// ---- joins ----

/** A row may lack what stands on these sides. */
const LACKS: { readonly [kind in BoundJoin['kind']]: { readonly left: boolean; readonly right: boolean } } = {
  inner: { left: false, right: false },
  left: { left: false, right: true },
  right: { left: true, right: false },
  full: { left: true, right: true },
  semi: { left: false, right: false },
  anti: { left: false, right: false },
  mark: { left: false, right: false },
  single: { left: false, right: true },
};

/** The kind that a join has under conditions that are not true for a row of NULLs: rows that lack a side are thrown out. */
function reduced(node: BoundJoin, conditions: Conditions): BoundJoin['kind'] {
  const { kind } = node;
  if (kind !== 'left' && kind !== 'right' && kind !== 'full') return kind;
  const rejects = (side: BoundRelation): boolean =>
    conditions.some((condition) => !isVolatile(condition) && rejectsNulls(condition, columnsMade(side)));
  const needsRight = kind !== 'right' && rejects(node.right);
  const needsLeft = kind !== 'left' && rejects(node.left);
  if (kind === 'left') return needsRight ? 'inner' : 'left';
  if (kind === 'right') return needsLeft ? 'inner' : 'right';
  if (needsLeft && needsRight) return 'inner';
  return needsRight ? 'right' : needsLeft ? 'left' : 'full';
}

function pushJoin(given: BoundJoin, conditions: Conditions): BoundRelation {
  const node: BoundJoin = { ...given, kind: reduced(given, conditions) };
  const left = columnsMade(node.left);
  const right = columnsMade(node.right);
  const { kind } = node;
  const lacks = LACKS[kind];
  // What may be run for each row instead does not see what goes into the right side.
  const isOnlyWay = (given as WithAlternative).alternative == null;
  const toLeft: BoundExpression[] = [];
  const toRight: BoundExpression[] = [];
  const on: BoundExpression[] = [];
  const above: BoundExpression[] = [];
  const place = (condition: BoundExpression, isOn: boolean): void => {
    const readsMark = kind === 'mark' && columnsOf(condition).has(node.mark);
    const side = isMovable(condition) && !readsMark ? sideOf(condition, left, right) : null;
    // Conditions of ON throw out rows of a side that is not kept whole; those above, rows of a side that is never lacking.
    const mayLeft = isOn ? kind === 'inner' || kind === 'right' || kind === 'semi' : !lacks.left;
    const mayRight = isOn ? kind !== 'right' && kind !== 'full' && kind !== 'mark' : kind === 'inner' || kind === 'right';
    if (side === 'left' && mayLeft) toLeft.push(condition);
    else if (side === 'right' && mayRight && isOnlyWay) toRight.push(condition);
    else if (isOn || (kind === 'inner' && isMovable(condition))) on.push(condition);
    else above.push(condition);
  };
  for (const condition of node.condition === null ? [] : factored(node.condition)) place(condition, true);
  for (const condition of conditions) place(condition, false);
  if (kind === 'inner' && isOnlyWay) restrict([...on], left, right, toLeft, toRight);
  const join: BoundJoin = {
    ...node,
    left: push(node.left, toLeft),
    right: push(node.right, toRight),
    condition: conjunction(on),
  };
  return filtered(join, above);
}

/** What conditions over both sides say of one of them alone throws out its rows before they meet. */
function restrict(
  conditions: Conditions,
  left: Columns,
  right: Columns,
  toLeft: BoundExpression[],
  toRight: BoundExpression[],
): void {
  for (const condition of conditions) {
    if (condition.op !== 'or' || !isMovable(condition)) continue;
    for (const [side, to] of [['left', toLeft] as const, ['right', toRight] as const]) {
      const own = restriction(condition, (one) => columnsOf(one).size > 0 && sideOf(one, left, right) === side);
      if (own !== null) to.push(own);
    }
  }
}

/** The side whose columns alone a condition reads. */
function sideOf(condition: BoundExpression, left: Columns, right: Columns): 'left' | 'right' | null {
  let isLeft = true;
  let isRight = true;
  for (const column of columnsOf(condition)) {
    if (right.has(column)) isLeft = false;
    if (left.has(column)) isRight = false;
  }
  return isLeft ? 'left' : isRight ? 'right' : null;
}
