/**
 * Subqueries become joins: the block's rows meet the subquery's rows once, by a hash table or an index, instead of running it again for
 * each row.
 *
 *   where exists (select ... where b.y = a.x)     a semi join b on b.y = a.x         not exists: anti
 *   where a.x in (select b.y ...)                 the same; not in, where NULLs may be: anti on (b.y = a.x) is not false
 *   ... or a.x in (select b.y ...)                a mark join b, its column in the expression
 *   (select max(b.z) ... where b.y = a.x)         a left join (select y, max(z) ... group by y) on y = a.x; a count without rows is 0
 *   (select b.z ... where b.y = a.x)              a single join b: 21000 when a row finds two
 *
 * What reads nothing of the block and gives one value stays a subquery: it runs once. So does what pull-up.ts cannot untie.
 */

import type { BoundExpression, BoundRelation, BoundSubquery, ColumnId } from '../../sblr/bound.ts';
import { withExpressions, withInputs } from '../../sblr/relation-tree.ts';
import { withNullable } from '../../sblr/types.ts';
import { childrenOf, withChildren } from '../bind/tree.ts';
import { conjunction, conjuncts, isVolatile } from './columns.ts';
import { equalityOf } from './equalities.ts';
import { aboveJoin, aggregateBelow } from './grouped.ts';
import { insideQueries } from './inline.ts';
import { columnsMade } from './made.ts';
import { holdsSubquery, mayFail, replaceColumns } from './may-fail.ts';
import { pullAggregate, pullUp, type PulledUp } from './pull-up.ts';
import { filtered } from './push-down.ts';
import { unlateral } from './unlateral.ts';
import { relationIsVolatile } from './volatile.ts';
import type { WithAlternative } from './alternatives.ts';

type Fresh = () => ColumnId;

/** A relation without the subqueries that can be joins, those inside others first. */
export function unnest(relation: BoundRelation, fresh: Fresh): BoundRelation {
  const inside = withExpressions(
    withInputs(relation, (input) => unnest(input, fresh)),
    (expression) => insideQueries(expression, (query) => unnest(query, fresh)),
  );
  switch (inside.op) {
    case 'filter':
      return holdsSubquery(inside.condition) ? new Unnester(inside.input, fresh).filter(conjuncts(inside.condition)) : inside;
    case 'project': {
      if (!inside.columns.some(({ expression }) => holdsSubquery(expression))) return inside;
      const unnester = new Unnester(inside.input, fresh);
      const columns = inside.columns.map((one) => ({ ...one, expression: unnester.value(one.expression) }));
      return { ...inside, input: unnester.input, columns };
    }
    case 'join': {
      if (inside.lateral) return unlateral(inside, fresh);
      if (inside.kind !== 'inner' || inside.condition === null || !holdsSubquery(inside.condition)) return inside;
      const conditions = conjuncts(inside.condition);
      const plain = conditions.filter((condition) => !holdsSubquery(condition));
      const rest = conditions.filter(holdsSubquery);
      return new Unnester({ ...inside, condition: conjunction(plain) }, fresh).filter(rest);
    }
    default:
      return inside;
  }
}

class Unnester {
  /** With the joins that subqueries have become. */
  input: BoundRelation;
  readonly #fresh: Fresh;

  constructor(input: BoundRelation, fresh: Fresh) {
    this.input = input;
    this.#fresh = fresh;
  }

  filter(conditions: readonly BoundExpression[]): BoundRelation {
    // Conditions without subqueries are looked at first: they throw out rows before joins.
    const plain = conditions.filter((condition) => !holdsSubquery(condition));
    const first = plain.filter((condition) => !mayFail(condition) && !isVolatile(condition));
    const later = conditions.filter((condition) => !first.includes(condition));
    this.input = filtered(this.input, first);
    const rest: BoundExpression[] = [];
    for (const condition of later) {
      // What may fail stays behind the conditions before it.
      const isGuarded = rest.some(mayFail);
      if (isGuarded || !this.#isJoined(condition)) rest.push(this.value(condition));
    }
    return filtered(this.input, rest);
  }

  /** A condition that is a join by itself: EXISTS, IN and their negations. */
  #isJoined(condition: BoundExpression): boolean {
    const negated = condition.op === 'not';
    const query = negated ? condition.operand : condition;
    if (query.op !== 'subquery' || query.kind === 'scalar') return false;
    const found = this.#pulled(query);
    if (found === null) return false;
    const conditions = [...found.conditions];
    if (query.kind === 'any') {
      const own = replaceColumns(found.condition as BoundExpression, (column) => found.computed.get(column));
      const asked = conjuncts(own);
      const isPlain = asked.every((one) => equalityOf(one) !== null && !mayFail(one));
      if (!isPlain) return false;
      if (negated && own.type.nullable && mayBeNull(own)) {
        if (found.conditions.length === 0) return this.#marked(query, found, own);
        conditions.push({ op: 'isTest', operand: own, test: 'false', negated: true, type: withNullable(own.type, false) });
      } else conditions.push(...asked);
    }
    this.#join(negated ? 'anti' : 'semi', found.relation, conditions, -1);
    return true;
  }

  /** NOT IN over a list that may hold NULLs, without correlation: a mark by the rules of ANY, which must be false. */
  #marked(query: BoundSubquery, found: PulledUp, condition: BoundExpression): boolean {
    const mark = this.#fresh();
    this.#join('mark', found.relation, conjuncts(condition), mark);
    const marked: BoundExpression = { op: 'column', column: mark, type: withNullable(query.type, true) };
    this.input = filtered(this.input, [{ op: 'not', operand: marked, type: marked.type }]);
    return true;
  }

  #join(
    kind: 'semi' | 'anti' | 'mark' | 'single',
    right: BoundRelation,
    conditions: readonly BoundExpression[],
    mark: ColumnId,
  ): void {
    this.input = { op: 'join', kind, left: this.input, right, condition: conjunction(conditions), lateral: false, mark };
  }

  /** The subquery untied from the block, its outer columns replaced by what they are. */
  #pulled(query: BoundSubquery): (PulledUp & { readonly condition: BoundExpression | null }) | null {
    if (query.outer.some(({ expression }) => isVolatile(expression) || holdsSubquery(expression))) return null;
    if (relationIsVolatile(query.relation)) return null;
    const outer = new Set(query.outer.map(({ column }) => column));
    const found = pullUp(query.relation, { outer, once: true, fresh: this.#fresh });
    if (found === null) return null;
    const given = new Map(query.outer.map(({ column, expression }) => [column, expression]));
    const out = (expression: BoundExpression): BoundExpression => replaceColumns(expression, (column) => given.get(column));
    return {
      relation: found.relation,
      conditions: found.conditions.map(out),
      computed: new Map([...found.computed].map(([column, expression]) => [column, out(expression)])),
      condition: query.condition === null ? null : out(query.condition),
    };
  }

  // ---- subqueries inside expressions ----

  /** An expression whose subqueries are columns of joins, where that may be. */
  value(expression: BoundExpression): BoundExpression {
    if (!holdsSubquery(expression)) return expression;
    if (expression.op === 'subquery') return this.#column(expression) ?? expression;
    // Only one of the branches is evaluated: a join would evaluate all.
    const isGuarded =
      expression.op === 'case' || expression.op === 'coalesce' || expression.op === 'and' || expression.op === 'or';
    if (isGuarded) return this.#guarded(expression);
    return withChildren(expression, (child) => this.value(child));
  }

  /** Behind a guard only what cannot fail becomes a join: not what may find two rows. */
  #guarded(expression: BoundExpression): BoundExpression {
    if (expression.op === 'subquery') return this.#column(expression, true) ?? expression;
    return withChildren(expression, (child) => this.#guarded(child));
  }

  /** The column that stands for a subquery; null: it stays. */
  #column(query: BoundSubquery, isGuarded = false): BoundExpression | null {
    switch (query.kind) {
      case 'scalar':
        return query.outer.length === 0 ? null : (this.#aggregated(query) ?? (isGuarded ? null : this.#single(query)));
      case 'any': {
        // The rules of ANY with correlation are those of the subquery itself.
        if (query.outer.length === 0) return null;
        const found = this.#pulled(query);
        if (found === null || found.conditions.length > 0) return null;
        const own = replaceColumns(found.condition as BoundExpression, (column) => found.computed.get(column));
        if (!conjuncts(own).every((one) => equalityOf(one) !== null && !mayFail(one))) return null;
        const mark = this.#fresh();
        this.#join('mark', found.relation, conjuncts(own), mark);
        return { op: 'column', column: mark, type: withNullable(query.type, true) };
      }
      case 'exists': {
        const found = this.#pulled(query);
        if (found === null || !found.conditions.some((condition) => equalityOf(condition) !== null)) return null;
        if (found.conditions.some(mayFail)) return null;
        const mark = this.#fresh();
        this.#join('mark', found.relation, found.conditions, mark);
        const type = withNullable(query.type, true);
        // NULL says no more than that no row is known to be there.
        const operand: BoundExpression = { op: 'column', column: mark, type };
        return { op: 'isTest', operand, test: 'true', negated: false, type: withNullable(type, false) };
      }
    }
  }

  /** One row by the block's row. */
  #single(query: BoundSubquery): BoundExpression | null {
    const found = this.#pulled(query);
    if (found === null || !found.conditions.some((condition) => equalityOf(condition) !== null)) return null;
    const [column] = query.columns;
    const computed = found.computed.get(column);
    const type = columnsMade(found.relation).get(column);
    // What is computed of the block's row is NULL where no row is found: only a column of the subquery's own is.
    if (computed !== undefined || type === undefined || found.conditions.some(mayFail)) return null;
    this.#join('single', found.relation, found.conditions, -1);
    return { op: 'column', column, type: withNullable(type, true) };
  }

  /** An aggregate over the rows that agree with the block's row: groups by what they agree in. */
  #aggregated(query: BoundSubquery): BoundExpression | null {
    if (query.outer.some(({ expression }) => isVolatile(expression) || holdsSubquery(expression))) return null;
    if (relationIsVolatile(query.relation)) return null;
    const outer = new Set(query.outer.map(({ column }) => column));
    const below = aggregateBelow(query.relation);
    if (below === null) return null;
    const { aggregate, projects } = below;
    const found = pullAggregate(aggregate, { outer, once: false, fresh: this.#fresh }, true);
    if (found === null || found.conditions.length === 0) return null;
    const given = new Map(query.outer.map(({ column, expression }) => [column, expression]));
    const out = (expression: BoundExpression): BoundExpression => replaceColumns(expression, (column) => given.get(column));
    // The same aggregate for one row of the block: where an index finds its rows and there are few rows, that is cheaper.
    const alternative: BoundRelation = substitutedRelation(aggregate, out);
    const join: WithAlternative = {
      ...{ op: 'join', kind: 'left', left: this.input, right: found.relation, lateral: false, mark: -1 },
      condition: conjunction(found.conditions.map(out)),
      alternative,
    };
    this.input = join;
    // Above the join: the value that a subquery without rows would have.
    const values = new Map<ColumnId, BoundExpression>(given);
    for (const one of aggregate.aggregates) values.set(one.column, aboveJoin(one));
    for (const columns of projects)
      for (const { column, expression } of columns) {
        values.set(
          column,
          replaceColumns(expression, (one) => values.get(one)),
        );
      }
    return values.get(query.columns[0]) ?? null;
  }
}

/** True when a NULL may be on either side. */
const mayBeNull = (condition: BoundExpression): boolean =>
  childrenOf(condition).some(({ type }) => type.nullable) || condition.op === 'and';

/** All expressions of a relation and of those below it, changed; subqueries in it are closed. */
function substitutedRelation(relation: BoundRelation, change: (expression: BoundExpression) => BoundExpression): BoundRelation {
  return withExpressions(
    withInputs(relation, (input) => substitutedRelation(input, change)),
    change,
  );
}
