/** Expressions: one function a node kind of the source form. */

import type { BoundExpression } from '../../sblr/bound.ts';
import { foldParts, resolveType, typeRule } from '../../sblr/resolve-type.ts';
import type {
  SourceCastNode,
  SourceColumnNode,
  SourceConstantNode,
  SourceExpression,
  SourceLiteralNode,
  SourceOperatorNode,
  SourceParameterNode,
  SourceType,
  SourceTypedLiteralNode,
} from '../../sblr/source.gen.ts';
import { elementOf, isRowType, sqlType } from '../../sblr/types.ts';
import { SQLSTATE, type SqlError, withPosition } from '../../../shm/errors.ts';
import { readBits } from '../../values/encoded-bits.ts';
import { bindArray, bindSubscript } from './arrays.ts';
import { bindCollate } from './collate.ts';
import { bindCall, bindValueFunction } from './calls.ts';
import type { Clause } from './clause.ts';
import { columnNode } from './clause.ts';
import { callNode, castExplicit, constantNode, toBoolean } from './coerce.ts';
import { bindBetween, bindIn, bindIsDistinct, bindLike } from './compare.ts';
import { fault, unsupported } from './errors.ts';
import { callFolded } from './fold.ts';
import { readNumber } from './literals.ts';
import { operatorCall } from './operators.ts';
import { bindRowDistinct, bindRowIn, bindRowOperator, bindRowTest, isRow } from './rows.ts';
import { bindField, bindRow, rowOfRelation } from './records.ts';
import { findColumn, ownColumn } from './scope.ts';
import { bindInQuery, bindQuantified, bindRowSubquery, bindSubquery, isQuery } from './subquery.ts';
import { bindCase, bindSpecial } from './special.ts';
import { BOOLEAN, type BindState, UNKNOWN } from './state.ts';

function bindColumn(source: SourceColumnNode, clause: Clause): BoundExpression {
  const parts = foldParts(source.name, clause.state.semantics);
  if (
    clause.aliases !== null &&
    parts.length === 1 &&
    ownColumn(parts[0], clause.scope, clause.state.semantics, source.at) === null
  ) {
    const meant = clause.aliases(parts[0], source.at);
    if (meant !== null) return meant;
  }
  const row = parts.length === 1 ? rowOfRelation(parts[0], clause, source.at) : null;
  if (row !== null) return row;
  const found = findColumn(parts, clause.scope, clause.state.semantics, source.at);
  return columnNode(found.column, found.type, source.at, clause.state);
}

function bindConstant(source: SourceConstantNode, { state }: Clause): BoundExpression {
  switch (source.kind) {
    case 'null':
      return constantNode(state, null, UNKNOWN, source.at);
    case 'boolean':
      return constantNode(state, source.text.toLowerCase() === 'true', sqlType('bool'), source.at);
    case 'string':
      return constantNode(state, source.text, sqlType(state.semantics.literals.string), source.at);
    case 'integer':
    case 'decimal': {
      const { value, type } = readNumber(source.text, state.semantics, source.at);
      return constantNode(state, value, type, source.at);
    }
    case 'bits':
    case 'hexBits':
      return constantNode(state, bitsOf(source), sqlType('bit'), source.at);
  }
}

/** B'101', X'1f': as many bits as are written. 22P02 */
function bitsOf({ kind, text, at }: SourceConstantNode): string {
  try {
    return readBits(`${kind === 'bits' ? 'b' : 'x'}${text}`);
  } catch (error) {
    throw withPosition(error as SqlError, at);
  }
}

function bindLiteral(source: SourceLiteralNode, { state }: Clause): BoundExpression {
  return state.literal(source.index, source.at);
}

function bindParameter(source: SourceParameterNode, clause: Clause): BoundExpression {
  if (!clause.parameters) throw fault(SQLSTATE.undefined_parameter, `there is no parameter $${source.number}`, source.at);
  return clause.state.parameter(source.number, source.at);
}

/** INTERVAL YEAR TO MONTH: what is read or cast with fields; the result is an interval like any other. */
function castToFields(state: BindState, node: BoundExpression, source: SourceType, at: number): BoundExpression {
  const type = resolveType({ ...source, fields: null }, state.semantics);
  // A parameter of no type becomes an interval.
  const isParameter = node.op === 'parameter' && state.liftedLiteral(node) === null;
  const isString = typeRule(node.type.name, state.semantics)?.category === 'S';
  const isText = isString || (node.type.name === 'unknown' && !isParameter);
  const operand = castExplicit(state, node, sqlType(isText ? 'text' : 'interval'), at);
  const more = [constantNode(state, source.fields, sqlType('text'), at), constantNode(state, type.length, sqlType('int4'), at)];
  const primitive = isText ? 'text.to.interval.fields' : 'interval.to.interval.fields';
  return callFolded(state, callNode(state, primitive, [operand, ...more], 'interval', undefined, at), isText);
}

function bindTypedLiteral(source: SourceTypedLiteralNode, { state }: Clause): BoundExpression {
  if (source.type.fields !== null)
    return castToFields(state, constantNode(state, source.text, UNKNOWN, source.at), source.type, source.at);
  const type = resolveType(source.type, state.semantics, state.findType);
  return castExplicit(state, constantNode(state, source.text, UNKNOWN, source.at), type, source.at);
}

function bindCast(source: SourceCastNode, clause: Clause): BoundExpression {
  if (source.type.fields !== null && source.type.dimensions === 0)
    return castToFields(clause.state, bindExpr(source.operand, clause), source.type, source.at);
  const type = resolveType(source.type, clause.state.semantics, clause.state.findType);
  const element = source.operand.op === 'array' ? elementOf(type.name) : null;
  const operand =
    element !== null && source.operand.op === 'array'
      ? bindArray(source.operand, clause, element)
      : bindExpr(source.operand, clause);
  return castExplicit(clause.state, operand, type, source.at);
}

function bindOperator(source: SourceOperatorNode, clause: Clause): BoundExpression {
  const parts = foldParts(source.name, clause.state.semantics);
  if (source.left !== null && isRow(source.left) && isQuery(source.right))
    return bindRowSubquery(source, parts[parts.length - 1], clause);
  // A query beside a row has too many columns, or too few.
  if (source.left !== null && isQuery(source.left) && isRow(source.right)) bindSubquery(source.left, clause);
  if (isRow(source.right) && source.left !== null && isRow(source.left))
    return bindRowOperator(source, parts[parts.length - 1], clause, (field) => bindExpr(field, clause));
  const operands = source.left === null ? [] : [bindExpr(source.left, clause)];
  operands.push(bindExpr(source.right, clause));
  return operatorCall(clause.state, parts[parts.length - 1], operands, source.at);
}

function bindCondition(source: SourceExpression, clause: Clause, what: string): BoundExpression {
  return toBoolean(clause.state, bindExpr(source, clause), what, source.at);
}

const TESTS = { null: 'IS NULL', true: 'IS TRUE', false: 'IS FALSE', unknown: 'IS UNKNOWN' } as const;

const ANY_UNSUPPORTED: { readonly [op: string]: string } = {
  grouping: 'ROLLUP, CUBE and GROUPING SETS are',
};

/** Binds an expression; it may still be of type unknown (SBLR-N7). */
export function bindExpr(source: SourceExpression, clause: Clause): BoundExpression {
  const node = bindNode(source, clause);
  clause.state.notes?.bound(source, node);
  return node;
}

function bindNode(source: SourceExpression, clause: Clause): BoundExpression {
  const { state } = clause;
  switch (source.op) {
    case 'column':
      return bindColumn(source, clause);
    case 'constant':
      return bindConstant(source, clause);
    case 'literal':
      return bindLiteral(source, clause);
    case 'parameter':
      return bindParameter(source, clause);
    case 'typedLiteral':
      return bindTypedLiteral(source, clause);
    case 'cast':
      return bindCast(source, clause);
    case 'operator':
      return bindOperator(source, clause);
    case 'call':
      return bindCall(source, clause);
    case 'valueFunction':
      return bindValueFunction(source, clause);
    case 'and':
    case 'or': {
      const operands = source.operands.map((operand) => bindCondition(operand, clause, source.op.toUpperCase()));
      return { op: source.op, operands, type: { ...BOOLEAN, nullable: operands.some((operand) => operand.type.nullable) } };
    }
    case 'not': {
      const operand = bindCondition(source.operand, clause, 'NOT');
      return { op: 'not', operand, type: operand.type };
    }
    case 'isTest': {
      if (isRow(source.operand)) return bindRowTest(source, source.operand, (field) => bindExpr(field, clause));
      const bound = bindExpr(source.operand, clause);
      const operand =
        source.test === 'null'
          ? bound
          : toBoolean(
              state,
              bound,
              source.negated ? TESTS[source.test].replace('IS', 'IS NOT') : TESTS[source.test],
              source.operand.at,
            );
      if (source.test === 'null' && isRowType(bound.type.name)) {
        const wanted = constantNode(state, !source.negated, sqlType('bool'), source.at);
        const call = callNode(state, 'record.isNull', [bound, wanted], 'bool', undefined, source.at);
        return { ...call, type: { ...call.type, nullable: false } };
      }
      const { test, negated } = source;
      return { op: 'isTest', operand: untyped(operand, clause), test, negated, type: { ...BOOLEAN, nullable: false } };
    }
    case 'isDistinct':
      // A query beside a row has too many columns, or too few.
      if (isRow(source.left) && isQuery(source.right)) bindSubquery(source.right, clause);
      return isRow(source.left) || isRow(source.right)
        ? bindRowDistinct(source, (field) => bindExpr(field, clause))
        : bindIsDistinct(source, clause);
    case 'in':
      return isRow(source.operand) ? bindRowIn(source, clause, (field) => bindExpr(field, clause)) : bindIn(source, clause);
    case 'between':
      return bindBetween(source, clause);
    case 'like':
      return bindLike(source, clause);
    case 'case':
      return bindCase(source, { ...clause, sets: null });
    case 'special':
      return bindSpecial(source, { ...clause, sets: null });
    case 'subquery':
      return bindSubquery(source, clause);
    case 'inQuery':
      return bindInQuery(source, clause);
    case 'row':
      return bindRow(source, clause);
    case 'field':
      return bindField(source, clause);
    case 'array':
      return bindArray(source, clause);
    case 'subscript':
      return bindSubscript(source, clause);
    case 'collate':
      return bindCollate(source, clause, (operand) => untyped(bindExpr(operand, clause), clause));
    case 'quantified':
      return bindQuantified(source, clause);
    case 'star':
      if (source.qualifier !== null) throw unsupported('references to a whole row are', source.at);
      throw fault(SQLSTATE.syntax_error, '"*" is not allowed here', source.at);
    case 'default':
      throw fault(SQLSTATE.syntax_error, 'DEFAULT is not allowed in this context', source.at);
    default:
      throw unsupported(ANY_UNSUPPORTED[source.op] ?? `${source.op} is`, source.at);
  }
}

/** A constant of no type under IS NULL may as well be text; a parameter is what it is elsewhere. */
export function untyped(node: BoundExpression, { state }: Clause): BoundExpression {
  if (node.type.name !== 'unknown') return node;
  if (node.op === 'constant')
    return { ...node, type: { ...sqlType(state.semantics.unknownBecomes), nullable: node.type.nullable } };
  if (node.op !== 'parameter') return node;
  if (state.liftedLiteral(node) !== null) return state.resolveParameter(node, sqlType(state.semantics.unknownBecomes)) ?? node;
  const parameter = { ...node };
  state.untyped.push(parameter);
  return parameter;
}
