/**
 * Queries as values: (query), EXISTS, IN, ANY, ALL, a row compared with a query. What a subquery reads of the block it stands in is
 * entered: it gets an id of its own there (BoundSubquery.outer), also when the subquery only hands it on to one inside it.
 */

import type { BoundExpression, BoundSubquery, ColumnId } from '../../sblr/bound.ts';
import { foldParts } from '../../sblr/resolve-type.ts';
import type {
  SourceExpression,
  SourceInQueryNode,
  SourceOperatorNode,
  SourceQuantifiedNode,
  SourceQuery,
  SourceSubqueryNode,
} from '../../sblr/source.gen.ts';
import { withNullable } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { type Clause, columnNode } from './clause.ts';
import { bindQuantifiedArray, collected, orEmpty } from './arrays.ts';
import { fault, otherNumber } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { type BoundBlock, bindBlock, topPlace } from './query.ts';
import { compareRows, isRow, type RowPair } from './rows.ts';
import type { OuterScope, ScopeColumn } from './scope.ts';
import { BOOLEAN } from './state.ts';

type OuterEntry = BoundSubquery['outer'][number];

/** What one subquery reads of the block around it. */
class Enclosure implements OuterScope {
  readonly clause: Clause;
  readonly lateral = false;
  readonly entries: OuterEntry[] = [];

  constructor(clause: Clause) {
    this.clause = clause;
  }

  readonly enter = (found: ScopeColumn, at: number): ScopeColumn => {
    const known = this.entries.find(({ expression }) => expression.op === 'column' && expression.column === found.column);
    const column = known?.column ?? this.take(columnNode(found.column, found.type, at, this.clause.state));
    return { ...found, column };
  };

  readonly origin = (column: ColumnId): ColumnId | null => {
    const entry = this.entries.find((one) => one.column === column);
    return entry?.expression.op === 'column' ? entry.expression.column : null;
  };

  /** An expression of the clause as a column inside. */
  take(expression: BoundExpression): ColumnId {
    const column = this.clause.state.newColumn();
    this.entries.push({ column, expression });
    return column;
  }

  /** Constants and parameters are the same everywhere; the comparison may say what type they are. */
  operand(expression: BoundExpression, at: number): BoundExpression {
    if (expression.op === 'parameter' || expression.op === 'constant') return expression;
    return columnNode(this.take(expression), expression.type, at, this.clause.state);
  }
}

function enclosed(query: SourceQuery, clause: Clause, at: number): { readonly block: BoundBlock; readonly inside: Enclosure } {
  const { state } = clause;
  if (!clause.parameters)
    throw fault(SQLSTATE.feature_not_supported, `cannot use subquery in ${clause.name.replace(/s$/, '')}`, at);
  const inside = new Enclosure(clause);
  return { block: bindBlock(query, { ...topPlace(state, clause.scope.ctes), outer: inside }), inside };
}

/** (query), EXISTS (query). 42601 */
export function bindSubquery(source: SourceSubqueryNode, clause: Clause): BoundExpression {
  const { at, kind, query } = source;
  const { block, inside } = enclosed(query, clause, at);
  const { root: relation, output } = block;
  const shared = { op: 'subquery', outer: inside.entries, relation, condition: null, at } as const;
  if (kind === 'exists') return placed({ ...shared, kind, columns: [], type: { ...BOOLEAN, nullable: false } }, clause);
  if (output.length !== 1) throw fault(SQLSTATE.syntax_error, 'subquery must return only one column', at);
  const [{ column, type, name }] = output;
  if (kind === 'array') {
    const made = collected(relation, column, type, clause.state, at);
    const array = { ...shared, relation: made.relation, kind: 'scalar', columns: [made.column], type: made.type } as const;
    return orEmpty(clause.state, placed(array, clause), at);
  }
  clause.state.queryNames.set(query, name);
  return placed({ ...shared, kind: 'scalar', columns: [column], type: withNullable(type, true) }, clause);
}

/** One of the columns of SET (...) = (query): a subquery of its own for each. 42601 */
export function bindSubqueryColumn(source: SourceSubqueryNode, place: number, width: number, clause: Clause): BoundExpression {
  const { at, query } = source;
  const { block, inside } = enclosed(query, clause, at);
  if (block.output.length !== width) throw otherNumber(at);
  const { column, type: made } = block.output[place];
  const type = withNullable(made, true);
  const shared = { op: 'subquery', kind: 'scalar', outer: inside.entries, relation: block.root, condition: null, at } as const;
  return placed({ ...shared, columns: [column], type }, clause);
}

function placed(node: BoundSubquery, { state }: Clause): BoundSubquery {
  state.positions.set(node, node.at);
  return node;
}

/** The fields on the left of a comparison with a query, beside its columns. 42601 */
function pairs(left: SourceExpression, clause: Clause, { output }: BoundBlock, inside: Enclosure, at: number): RowPair[] {
  const fields = isRow(left) ? left.items : [left];
  const operands = fields.map((field) => inside.operand(bindExpr(field, clause), field.at));
  if (operands.length < output.length) throw fault(SQLSTATE.syntax_error, 'subquery has too many columns', at);
  if (operands.length > output.length) throw fault(SQLSTATE.syntax_error, 'subquery has too few columns', at);
  return output.map(({ column, type }, index) => [operands[index], columnNode(column, type, at, clause.state)]);
}

interface Quantified {
  readonly at: number;
  readonly operator: string;
  readonly left: SourceExpression;
  readonly query: SourceQuery;
}

/** Is the comparison true for a row of the query (for all of them)? */
function quantified({ at, operator, left, query }: Quantified, all: boolean, clause: Clause): BoundExpression {
  const { block, inside } = enclosed(query, clause, at);
  const compared = compareRows(clause.state, operator, pairs(left, clause, block, inside, at), at);
  const condition: BoundExpression = all ? { op: 'not', operand: compared, type: compared.type } : compared;
  const { root: relation, output } = block;
  const type = { ...BOOLEAN, nullable: condition.type.nullable };
  const columns = output.map(({ column }) => column);
  const node: BoundSubquery = { op: 'subquery', kind: 'any', outer: inside.entries, relation, columns, condition, type, at };
  const any = placed(node, clause);
  return all ? { op: 'not', operand: any, type } : any;
}

export function bindInQuery(source: SourceInQueryNode, clause: Clause): BoundExpression {
  const { at, operand: left, query, negated } = source;
  const found = quantified({ at, operator: clause.state.semantics.comparison.equal, left, query }, false, clause);
  return negated ? { op: 'not', operand: found, type: found.type } : found;
}

export function bindQuantified(source: SourceQuantifiedNode, clause: Clause): BoundExpression {
  const { at, query, left, quantifier } = source;
  const parts = foldParts(source.operator, clause.state.semantics);
  if (query === null) return bindQuantifiedArray(source, parts[parts.length - 1], clause);
  return quantified({ at, operator: parts[parts.length - 1], left, query }, quantifier === 'all', clause);
}

/** Is it a query that a row is compared with? */
export const isQuery = (source: SourceExpression): source is SourceSubqueryNode =>
  source.op === 'subquery' && source.kind === 'scalar';

/** (a, b) = (query): the comparison with its one row; NULL when there is none. 21000 when it runs, 42601 */
export function bindRowSubquery(source: SourceOperatorNode, operator: string, clause: Clause): BoundExpression {
  const { at, left, right } = source;
  const { block, inside } = enclosed((right as SourceSubqueryNode).query, clause, at);
  const expression = compareRows(clause.state, operator, pairs(left as SourceExpression, clause, block, inside, at), at);
  const column = clause.state.newColumn();
  const relation = { op: 'project', input: block.root, columns: [{ column, expression }] } as const;
  const type = withNullable(expression.type, true);
  return placed(
    { op: 'subquery', kind: 'scalar', outer: inside.entries, relation, columns: [column], condition: null, type, at: right.at },
    clause,
  );
}
