/** CASE, COALESCE, NULLIF, GREATEST, LEAST: forms that share one rule of common types (SBLR-N7). */

import type { BoundExpression } from '../../sblr/bound.ts';
import type { SourceCaseNode, SourceExpression, SourceName, SourceSpecialNode, SourceWhen } from '../../sblr/source.gen.ts';
import { type TypeName, withNullable } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import type { Clause } from './clause.ts';
import { castCommon, constantNode, settled, toBoolean } from './coerce.ts';
import { once } from './compare.ts';
import { fault } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { comparison, comparisonOf, operatorCall } from './operators.ts';
import { isRow } from './rows.ts';
import { UNKNOWN } from './state.ts';

export function bindCase(source: SourceCaseNode, clause: Clause): BoundExpression {
  const { state } = clause;
  if (source.operand === null) return buildCase(source, clause, null);
  if (isRow(source.operand)) return buildCase(rowCase(source, source.operand, clause), clause, null);
  const operand = settled(state, bindExpr(source.operand, clause), source.operand.at);
  return once(state, operand, (value) => buildCase(source, clause, value));
}

/** CASE (a, b) WHEN (c, d): each condition compares the rows. */
function rowCase(source: SourceCaseNode, operand: SourceExpression, { state }: Clause): SourceCaseNode {
  const whens = source.whens.map((when): SourceWhen => {
    const name: SourceName = { op: 'name', at: when.at, parts: [state.semantics.comparison.equal], quoted: [true] };
    return { ...when, condition: { op: 'operator', at: when.at, name, left: operand, right: when.condition } };
  });
  return { ...source, operand: null, whens };
}

function buildCase(source: SourceCaseNode, clause: Clause, operand: BoundExpression | null): BoundExpression {
  const { state } = clause;
  const branches = source.whens.map((when) => {
    const bound = bindExpr(when.condition, clause);
    const condition =
      operand === null
        ? toBoolean(state, bound, 'CASE/WHEN', when.condition.at)
        : operatorCall(state, state.semantics.comparison.equal, [operand, bound], when.at);
    return { condition, result: bindExpr(when.result, clause) };
  });
  const otherwise =
    source.otherwise === null ? constantNode(state, null, UNKNOWN, source.at) : bindExpr(source.otherwise, clause);
  // ELSE is looked at first: so it decides between types that are equally good.
  const places = [source.otherwise?.at ?? source.at, ...source.whens.map(({ result }) => result.at)];
  const results = [otherwise, ...branches.map(({ result }) => result)];
  const whatOf = (index: number) => (index === 0 ? 'CASE/ELSE' : 'CASE/WHEN');
  const { nodes, type } = castCommon(state, results, 'CASE', places, whatOf);
  const whens = branches.map(({ condition }, index) => ({ condition, result: nodes[index + 1] }));
  return { op: 'case', whens, otherwise: nodes[0], type };
}

export function bindSpecial(source: SourceSpecialNode, clause: Clause): BoundExpression {
  if (source.function === 'nullif') return bindNullif(source, clause);
  const { state } = clause;
  const what = source.function.toUpperCase();
  if (source.arguments.length === 0) throw fault(SQLSTATE.syntax_error, `${what} needs an argument`, source.at);
  const places = source.arguments.map((argument) => argument.at);
  const common = castCommon(
    state,
    source.arguments.map((argument) => bindExpr(argument, clause)),
    what,
    places,
  );
  const type = withNullable(
    common.type,
    common.nodes.every((node) => node.type.nullable),
  );
  if (source.function === 'coalesce') return { op: 'coalesce', arguments: common.nodes, type };
  const less = comparisonOf(state, state.semantics.comparison.less, type.name, source.at).signature.primitive;
  return { op: 'extreme', kind: source.function, less, arguments: common.nodes, type };
}

/** Types that widen into each other without loss. */
const FAMILIES: readonly (readonly TypeName[])[] = [
  ['int2', 'int4', 'int8'],
  ['date', 'timestamp', 'timestamptz'],
];

/**
 * NULLIF(a, b): NULL when a = b, else a as the comparison takes it; an integer keeps its own width, and a date stays one, whatever they
 * are compared with.
 */
function bindNullif(source: SourceSpecialNode, clause: Clause): BoundExpression {
  const { state } = clause;
  if (source.arguments.length !== 2) throw fault(SQLSTATE.syntax_error, 'NULLIF needs two arguments', source.at);
  const { equal } = state.semantics.comparison;
  const [left, right] = source.arguments.map((argument) => bindExpr(argument, clause));
  const compared = comparison(state, equal, left, right, source.at);
  const keeps = FAMILIES.some((types) => types.includes(left.type.name) && types.includes(compared.left.type.name));
  return once(state, keeps ? left : compared.left, (value) => {
    const type = withNullable(value.type, true);
    const condition = operatorCall(state, equal, [value, compared.right], source.at);
    const nothing = constantNode(state, null, type, source.at);
    return { op: 'case', whens: [{ condition, result: nothing }], otherwise: value, type };
  });
}
