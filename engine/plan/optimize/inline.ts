/**
 * WITH: a relation that is read once, or that reads the block around it, stands where it is read; others are collected. MATERIALIZED
 * ones are collected, what is volatile too.
 */

import type { BoundExpression, BoundRelation, BoundSubquery, ColumnId } from '../../sblr/bound.ts';
import type { BoundCteRef, BoundWith } from '../../sblr/bound-relations.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { eachExpression, inputsOf, withExpressions, withInputs } from '../../sblr/relation-tree.ts';
import { walkExpression, withChildren } from '../bind/tree.ts';
import { type Columns, columnsMade, freeColumns } from './made.ts';
import { madeInside, renamedRelation } from './rename.ts';
import { relationIsVolatile } from './volatile.ts';

type Fresh = () => ColumnId;

/** The relation with WITH's relations in the places where they are read, as far as that is better; `elsewhere`: those that stay. */
export function inlineWith(relation: BoundRelation, fresh: Fresh, elsewhere: ReadonlySet<number>): BoundRelation {
  const inside = (one: BoundRelation): BoundRelation => inlineWith(one, fresh, elsewhere);
  const over = withExpressions(withInputs(relation, inside), (expression) => insideQueries(expression, inside));
  return over.op === 'with' ? inlineOne(over, fresh, elsewhere) : over;
}

/** The WITH's relations that something reads; of a statement: what stands beside its relation (RETURNING, new rows). */
export function relationsRead(node: unknown, found = new Set<number>()): Set<number> {
  if (typeof node !== 'object' || node === null) return found;
  const { op, cte } = node as { readonly op?: string; readonly cte?: number };
  if (op === 'cteRef' && cte !== undefined) found.add(cte);
  for (const value of Object.values(node)) if (typeof value === 'object') relationsRead(value, found);
  return found;
}

/** An expression with its subqueries' relations changed. */
export function insideQueries(expression: BoundExpression, change: (relation: BoundRelation) => BoundRelation): BoundExpression {
  const over = withChildren(expression, (child) => insideQueries(child, change));
  if (over.op !== 'subquery') return over;
  const condition = over.condition === null ? null : insideQueries(over.condition, change);
  return { ...over, relation: change(over.relation), condition };
}

type Definition = BoundWith['definitions'][number];

function inlineOne(node: BoundWith, fresh: Fresh, elsewhere: ReadonlySet<number>): BoundRelation {
  let { input } = node;
  let rest = [...node.definitions];
  const kept: Definition[] = [];
  while (rest.length > 0) {
    const [first, ...others] = rest;
    const uses = [input, ...others.map(({ relation }) => relation)].map((relation) => usesOf(relation, first.cte, false));
    const count = uses.reduce((sum, one) => sum + one.count, 0);
    const isRepeated = uses.some(({ repeated }) => repeated);
    rest = others;
    const isReadElsewhere = elsewhere.has(first.cte);
    if (count === 0 && !isReadElsewhere && !relationIsVolatile(first.relation)) continue;
    if (isReadElsewhere || !standsInPlace(first, count, isRepeated)) {
      kept.push(first);
      continue;
    }
    const replaced = (relation: BoundRelation): BoundRelation => replaceRefs(relation, first, count > 1, fresh);
    input = replaced(input);
    rest = others.map((one) => ({ ...one, relation: replaced(one.relation) }));
  }
  return kept.length === 0 ? input : { ...node, definitions: kept, input };
}

function standsInPlace({ relation, materialized }: Definition, count: number, isRepeated: boolean): boolean {
  const isVolatile = relationIsVolatile(relation);
  // A relation that reads the block around it has other rows for each of its rows: nobody could collect it once.
  if (freeColumns(relation).size > 0) {
    if (count === 1 || !(isVolatile || holdsRecursion(relation))) return true;
    throw new SqlError(
      SQLSTATE.feature_not_supported,
      'WITH in a correlated subquery that is read twice and volatile or recursive',
    );
  }
  if (isVolatile || materialized === 'yes') return false;
  // In its place a recursion ends when nobody asks for more of its rows.
  return (materialized === 'no' && !holdsRecursion(relation)) || (count === 1 && !isRepeated);
}

const holdsRecursion = (relation: BoundRelation): boolean => relation.op === 'recurse' || inputsOf(relation).some(holdsRecursion);

/** How often a WITH's relation is read, and whether somewhere for each row of another one. */
function usesOf(relation: BoundRelation, cte: number, isInside: boolean): { readonly count: number; readonly repeated: boolean } {
  let count = relation.op === 'cteRef' && relation.cte === cte ? 1 : 0;
  let repeated = count > 0 && isInside;
  const add = (one: { readonly count: number; readonly repeated: boolean }): void => {
    count += one.count;
    repeated ||= one.repeated;
  };
  const isRecursion = relation.op === 'recurse';
  for (const input of inputsOf(relation)) add(usesOf(input, cte, isInside || isRecursion));
  eachExpression(relation, (expression) =>
    walkExpression(expression, (node) => {
      if (node.op === 'subquery') add(usesOf(node.relation, cte, isInside || node.outer.length > 0));
      return true;
    }),
  );
  return { count, repeated };
}

function replaceRefs(relation: BoundRelation, definition: Definition, isCopied: boolean, fresh: Fresh): BoundRelation {
  if (relation.op === 'cteRef' && relation.cte === definition.cte) return inPlace(relation, definition.relation, isCopied, fresh);
  const change = (one: BoundRelation): BoundRelation => replaceRefs(one, definition, isCopied, fresh);
  const outside = freeColumns(definition.relation);
  return withExpressions(withInputs(relation, change), (expression) =>
    eachQuery(expression, (query) => {
      const replaced = { ...query, relation: change(query.relation) };
      return outside.size === 0 || relationsRead(query.relation).has(definition.cte)
        ? entered(replaced, outside, fresh)
        : replaced;
    }),
  );
}

/** An expression with its subqueries changed, the innermost ones by themselves. */
function eachQuery(expression: BoundExpression, change: (query: BoundSubquery) => BoundSubquery): BoundExpression {
  const over = withChildren(expression, (child) => eachQuery(child, change));
  return over.op === 'subquery' ? change(over) : over;
}

/** A subquery is closed: what its relation now reads of the blocks around it gets ids of its own. */
function entered(query: BoundSubquery, outside: Columns, fresh: Fresh): BoundSubquery {
  if (outside.size === 0) return query;
  const names = new Map([...outside].map(([column]) => [column, fresh()]));
  const more = [...outside].map(([column, type]): BoundSubquery['outer'][number] => {
    return { column: names.get(column) as ColumnId, expression: { op: 'column', column, type } };
  });
  const relation = renamedRelation(query.relation, (column) => names.get(column) ?? column);
  return { ...query, outer: [...query.outer, ...more], relation };
}

/** The relation itself, its columns under the names that they are read by. */
function inPlace(ref: BoundCteRef, relation: BoundRelation, isCopied: boolean, fresh: Fresh): BoundRelation {
  const names = new Map<ColumnId, ColumnId>();
  const again: { column: ColumnId; expression: BoundExpression }[] = [];
  const made = columnsMade(relation);
  for (const { column, source } of ref.columns) {
    const first = names.get(source);
    const type = made.get(source);
    if (first === undefined) names.set(source, column);
    else if (type !== undefined) again.push({ column, expression: { op: 'column', column: first, type } });
  }
  if (isCopied) for (const column of madeInside(relation)) if (!names.has(column)) names.set(column, fresh());
  const copy = renamedRelation(relation, (column) => names.get(column) ?? column);
  return again.length === 0 ? copy : { op: 'project', input: copy, columns: again };
}
