/**
 * What constants decide is decided before the run, as PostgreSQL does it (eval_const_expressions): a strict call of NULL is NULL, whatever
 * its other arguments are; FALSE decides AND, TRUE decides OR; branches of CASE that are never taken, arguments of COALESCE behind a value.
 * So an expression that can fail is not evaluated where nobody asks for it (SBLR-E4). Nothing is computed here that may fail.
 *
 * What does not change is the same object afterwards.
 */

import type {
  BoundCase,
  BoundCoalesce,
  BoundConstant,
  BoundExpression,
  BoundLogic,
  BoundPlanned,
  BoundRelation,
} from '../../sblr/bound.ts';
import { changedItems, withExpressions, withInputs, withStatementExpressions } from '../../sblr/relation-tree.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import { type SqlType, withNullable } from '../../sblr/types.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { withChildren } from '../bind/tree.ts';
import { factored } from './factor.ts';

const constant = (value: RowValue, type: SqlType): BoundConstant => ({
  op: 'constant',
  value,
  type: withNullable(type, value === null),
});

const isNull = (node: BoundExpression): boolean => node.op === 'constant' && node.value === null;

export function simplify(node: BoundExpression): BoundExpression {
  switch (node.op) {
    case 'column':
    case 'parameter':
    case 'constant':
    case 'local':
      return node;
    case 'subquery':
      return {
        ...node,
        outer: changedItems(node.outer, simplify),
        relation: relation(node.relation),
        condition: orNull(node.condition),
      };
    default:
      return decided(withChildren(node, simplify));
  }
}

/** The node by what its children are. */
function decided(node: BoundExpression): BoundExpression {
  switch (node.op) {
    case 'call':
      return node.arguments.some(isNull) && primitiveOf(node.primitive).strict ? constant(null, node.type) : node;
    case 'and':
      return logic(node, false);
    case 'or':
      return factored(logic(node, true));
    case 'not': {
      const { operand } = node;
      if (operand.op !== 'constant') return node;
      return constant(operand.value === null ? null : !operand.value, node.type);
    }
    case 'isTest': {
      const { operand, test, negated } = node;
      if (operand.op !== 'constant') return node;
      const wanted = test === 'true' ? true : test === 'false' ? false : null;
      return constant((operand.value === wanted) !== negated, node.type);
    }
    case 'case':
      return branches(node);
    case 'coalesce':
      return firstOf(node);
    case 'in':
      return isNull(node.operand) ? constant(null, node.type) : node;
    case 'let':
      return node.body.op === 'constant' ? node.body : node;
    default:
      return node;
  }
}

function logic(node: BoundLogic, decides: boolean): BoundExpression {
  if (!node.operands.some(({ op }) => op === 'constant')) return node;
  const open = node.operands.filter((operand) => operand.op !== 'constant');
  const constants = node.operands.flatMap((operand) => (operand.op === 'constant' ? [operand.value] : []));
  if (constants.includes(decides)) return constant(decides, node.type);
  const rest = constants.includes(null) ? [...open, constant(null, node.type)] : open;
  if (rest.length === 0) return constant(!decides, node.type);
  return rest.length === 1 ? rest[0] : { ...node, operands: rest };
}

function branches(node: BoundCase): BoundExpression {
  if (!node.whens.some(({ condition }) => condition.op === 'constant')) return node;
  const taken = node.whens.findIndex(({ condition }) => condition.op === 'constant' && condition.value === true);
  const before = taken < 0 ? node.whens : node.whens.slice(0, taken);
  const whens = before.filter(({ condition }) => condition.op !== 'constant');
  const otherwise = taken < 0 ? node.otherwise : node.whens[taken].result;
  return whens.length === 0 ? otherwise : { ...node, whens, otherwise };
}

function firstOf(node: BoundCoalesce): BoundExpression {
  if (!node.arguments.some(({ op }) => op === 'constant')) return node;
  const open = node.arguments.filter((argument) => !isNull(argument));
  const found = open.findIndex((argument) => argument.op === 'constant');
  const rest = found < 0 ? open : open.slice(0, found + 1);
  if (rest.length === 0) return constant(null, node.type);
  return rest.length === 1 ? rest[0] : { ...node, arguments: rest };
}

// ---- statements ----

const orNull = (node: BoundExpression | null): BoundExpression | null => (node === null ? null : simplify(node));

/** A relation with all that it is made from. A limit's numbers stay: the plan looks at them. */
function relation(node: BoundRelation): BoundRelation {
  const over = withInputs(node, relation);
  return over.op === 'limit' ? over : withExpressions(over, simplify);
}

/** The same statement, less what constants decide. */
export function simplifyStatement(statement: BoundPlanned): BoundPlanned {
  if (statement.kind === 'query') {
    const root = relation(statement.root);
    return root === statement.root ? statement : { ...statement, root };
  }
  return withStatementExpressions({ ...statement, source: relation(statement.source) }, simplify);
}
