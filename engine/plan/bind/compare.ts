/** IN, BETWEEN, IS DISTINCT FROM, LIKE: comparisons by the dialect's operators. */

import type { BoundExpression, BoundLogic } from '../../sblr/bound.ts';
import type {
  SourceBetweenNode,
  SourceExpression,
  SourceInNode,
  SourceIsDistinctNode,
  SourceLikeNode,
  SourceName,
  SourceRowNode,
} from '../../sblr/source.gen.ts';
import { sqlType, type TypeName } from '../../sblr/types.ts';
import type { Clause } from './clause.ts';
import { castTo } from './coerce.ts';
import { noFunction, unsupported } from './errors.ts';
import { bindExpr, untyped } from './expressions.ts';
import { candidateCall, castOperand, comparison, operatorCall } from './operators.ts';
import { canCast, commonType, resolveOperator, resolveSignature } from './resolve.ts';
import { isRow } from './rows.ts';
import { BOOLEAN, type BindState } from './state.ts';
import { walkExpression } from './tree.ts';

export function logic(op: 'and' | 'or', operands: readonly BoundExpression[]): BoundExpression {
  if (operands.length === 1) return operands[0];
  const node: BoundLogic = { op, operands, type: { ...BOOLEAN, nullable: operands.some((operand) => operand.type.nullable) } };
  return node;
}

const negation = (operand: BoundExpression): BoundExpression => ({ op: 'not', operand, type: operand.type });

const isSimple = (node: BoundExpression): boolean =>
  node.op === 'column' || node.op === 'parameter' || node.op === 'constant' || node.op === 'local';

/** Evaluates a value once for a body that names it more than once. */
export function once(
  state: BindState,
  value: BoundExpression,
  body: (value: BoundExpression) => BoundExpression,
): BoundExpression {
  if (isSimple(value)) return body(value);
  const local = state.newLocal();
  const inside = body({ op: 'local', local, type: value.type });
  return { op: 'let', local, value, body: inside, type: inside.type };
}

/** Does it read a column (one that `which` accepts)? */
export function readsColumns(node: BoundExpression, which: (column: number) => boolean = () => true): boolean {
  let found = false;
  walkExpression(node, (one) => {
    found ||= one.op === 'column' && which(one.column);
    return !found;
  });
  return found;
}

export function bindIn(source: SourceInNode, clause: Clause): BoundExpression {
  const { state } = clause;
  const operand = bindExpr(source.operand, clause);
  const items = source.list.map((item) => bindExpr(item, clause));
  const fixed = items.filter((item) => !readsColumns(item));
  const list = fixed.length > 1 ? inList(source, state, operand, fixed) : null;
  const rest = list === null ? items : items.filter((item) => readsColumns(item));
  const name = source.negated ? state.semantics.comparison.notEqual : state.semantics.comparison.equal;
  // The list may have said what a parameter is; it is that beside the others, too.
  const again = list !== null && rest.length > 0 && operand.type.name === 'unknown' ? bindExpr(source.operand, clause) : operand;
  const single = rest.map((item) => operatorCall(state, name, [again, item], source.at));
  return logic(source.negated ? 'and' : 'or', list === null ? single : [list, ...single]);
}

/** One comparison with a list of values of one type; null: they have none in common. */
function inList(
  source: SourceInNode,
  state: BindState,
  operand: BoundExpression,
  items: readonly BoundExpression[],
): BoundExpression | null {
  const { semantics } = state;
  const { equal } = semantics.comparison;
  const names = [operand, ...items].map((node) => node.type.name);
  const common = commonType(names, semantics);
  if (common.clash >= 0) return null;
  const type = common.type ?? semantics.unknownBecomes;
  if (!names.slice(1).every((name) => canCast(name, type, 'implicit', semantics))) return null;
  const found = resolveOperator(equal, [operand.type.name, type], semantics).found;
  if (found === null || found.types[0] !== found.types[1]) return null;
  // Each alone would be compared as all of them are.
  const alike = (name: TypeName): boolean =>
    resolveOperator(equal, [operand.type.name, name], semantics).found?.types[0] === found.types[0];
  if (semantics.algorithm === 'mysql' && !items.every((item) => alike(item.type.name))) return null;
  const compared = sqlType(found.types[0]);
  const list = items.map((item) => {
    const at = state.positions.get(item) ?? source.at;
    return castTo(state, castTo(state, item, sqlType(type), 'implicit', at), compared, 'implicit', at);
  });
  const left = castOperand(state, equal, operand, compared, source.operand.at);
  const nullable = left.type.nullable || list.some((item) => item.type.nullable);
  const { negated } = source;
  return { op: 'in', operand: left, list, equal: found.signature.primitive, negated, type: { ...BOOLEAN, nullable } };
}

export function bindBetween(source: SourceBetweenNode, clause: Clause): BoundExpression {
  const { state } = clause;
  if (isRow(source.operand)) return rowBetween(source, source.operand, clause);
  const operand = bindExpr(source.operand, clause);
  const { comparison: names } = state.semantics;
  const [lowest, highest] = source.negated ? [names.less, names.greater] : [names.greaterOrEqual, names.lessOrEqual];
  const side = (name: string, value: BoundExpression, bound: SourceExpression) =>
    operatorCall(state, name, [value, bindExpr(bound, clause)], source.at);
  // A parameter of no type yet is looked at anew each time: the first comparison may have said what it is.
  const again = (value: BoundExpression) => (value.type.name === 'unknown' ? bindExpr(source.operand, clause) : value);
  const within = (value: BoundExpression, low: SourceExpression, high: SourceExpression): BoundExpression =>
    logic(source.negated ? 'or' : 'and', [side(lowest, again(value), low), side(highest, again(value), high)]);
  const body = (value: BoundExpression): BoundExpression => {
    const straight = within(value, source.low, source.high);
    if (!source.symmetric) return straight;
    return logic(source.negated ? 'and' : 'or', [straight, within(value, source.high, source.low)]);
  };
  return operand.type.name === 'unknown' ? body(operand) : once(state, operand, body);
}

/** (a, b) BETWEEN (c, d) AND (e, f). */
function rowBetween(source: SourceBetweenNode, row: SourceRowNode, clause: Clause): BoundExpression {
  const { comparison: names } = clause.state.semantics;
  const [lowest, highest] = source.negated ? [names.less, names.greater] : [names.greaterOrEqual, names.lessOrEqual];
  const side = (operator: string, bound: SourceExpression): BoundExpression => {
    const name: SourceName = { op: 'name', at: source.at, parts: [operator], quoted: [true] };
    return bindExpr({ op: 'operator', at: source.at, name, left: row, right: bound }, clause);
  };
  const within = (low: SourceExpression, high: SourceExpression): BoundExpression =>
    logic(source.negated ? 'or' : 'and', [side(lowest, low), side(highest, high)]);
  const straight = within(source.low, source.high);
  if (!source.symmetric) return straight;
  return logic(source.negated ? 'and' : 'or', [straight, within(source.high, source.low)]);
}

const isNull = (source: SourceExpression): boolean => source.op === 'constant' && source.kind === 'null';

export function bindIsDistinct(source: SourceIsDistinctNode, clause: Clause): BoundExpression {
  const { state } = clause;
  const [left, right] = [bindExpr(source.left, clause), bindExpr(source.right, clause)];
  // Beside a NULL that is written out it is a test for NULL, whatever the type.
  if (isNull(source.right) || isNull(source.left)) {
    const operand = untyped(isNull(source.right) ? left : right, clause);
    return { op: 'isTest', operand, test: 'null', negated: !source.negated, type: { ...BOOLEAN, nullable: false } };
  }
  const compared = comparison(state, state.semantics.comparison.equal, left, right, source.at);
  return {
    op: 'isDistinct',
    equal: compared.primitive,
    left: compared.left,
    right: compared.right,
    negated: source.negated,
    type: { ...BOOLEAN, nullable: false },
  };
}

/** A pattern whose escape is another than the usual one, and what matches it. */
function escaped(
  source: SourceLikeNode & { readonly escape: SourceExpression },
  pattern: BoundExpression,
  clause: Clause,
): { readonly pattern: BoundExpression; readonly operator: string } {
  const { like } = clause.state.semantics;
  const operator = source.kind === 'similar' ? like.similarEscape?.operator : like[source.kind];
  const name = source.kind === 'similar' ? like.similarEscape?.function : like.likeEscape;
  if (name === undefined || operator === undefined) throw unsupported('ESCAPE is', source.escape.at);
  const args = [pattern, bindExpr(source.escape, clause)];
  return { pattern: functionCall(clause.state, name, args, source.escape.at), operator };
}

function functionCall(state: BindState, name: string, args: readonly BoundExpression[], at: number): BoundExpression {
  const types = args.map((argument) => argument.type.name);
  const { found } = resolveSignature(state.semantics.functions[name] ?? [], types, state.semantics);
  if (found === null) throw noFunction(name, types, state.semantics, at);
  return candidateCall(state, found, args, at);
}

/** The dialect's table may have it as an operator or as a function. */
function patternCall(state: BindState, name: string, args: readonly BoundExpression[], at: number): BoundExpression {
  const { functions, operators } = state.semantics;
  const isFunction = operators[name] === undefined && functions[name] !== undefined;
  return isFunction ? functionCall(state, name, args, at) : operatorCall(state, name, args, at);
}

export function bindLike(source: SourceLikeNode, clause: Clause): BoundExpression {
  const { state } = clause;
  const operand = bindExpr(source.operand, clause);
  const usual = { pattern: bindExpr(source.pattern, clause), operator: state.semantics.like[source.kind] };
  const { pattern, operator } =
    source.escape === null ? usual : escaped({ ...source, escape: source.escape }, usual.pattern, clause);
  const call = patternCall(state, operator, [operand, pattern], source.at);
  return source.negated ? negation(call) : call;
}
