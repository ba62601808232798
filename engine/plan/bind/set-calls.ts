/**
 * Functions that give rows: in FROM, where others give one row of one column, and in the list of SELECT. There the rows of the block are
 * joined with theirs; several go in step, and the shorter ones are NULL at their end.
 */

import type { BoundExpression, BoundRelation, ColumnId } from '../../sblr/bound.ts';
import type { BoundFunction } from '../../sblr/bound-relations.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import type { SetSignature, Signature } from '../../sblr/semantics.ts';
import type { SourceCallNode, SourceExpression, SourceFunctionRefNode } from '../../sblr/source.gen.ts';
import { type SqlType, sqlType, withNullable } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { callCandidate, signaturesOf } from './calls.ts';
import { type Clause, columnNode } from './clause.ts';
import { constantNode, settled } from './coerce.ts';
import { readsColumns } from './compare.ts';
import { fault, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import type { BoundFrom } from './from.ts';
import { castArguments } from './operators.ts';
import { suggestedName } from './output.ts';
import { sameExpression } from './same.ts';
import type { ScopeRelation } from './scope.ts';
import { BOOLEAN, type BindState } from './state.ts';
import { aliasNames } from './tables.ts';

export const givesRows = (signature: Signature): signature is SetSignature => 'rows' in signature;

interface SetCall {
  readonly primitive: string;
  readonly arguments: readonly BoundExpression[];
  readonly type: SqlType;
}

/** ONE_ROW: what a function in FROM that gives one value is computed over. */
const ONE_ROW: BoundRelation = { op: 'values', columns: [], rows: [[]] };

/** A call of such a function, or null when it is none. */
function setCall(source: SourceExpression, clause: Clause): SetCall | null {
  if (source.op !== 'call') return null;
  const { state } = clause;
  const { name, signatures } = signaturesOf(source, state);
  if (signatures.length === 0 || !signatures.every(givesRows)) return null;
  return callOf(source, clause, name, signatures);
}

/** A call of a function that gives rows. */
export function callOf(source: SourceCallNode, clause: Clause, name: string, signatures: readonly Signature[]): SetCall {
  const { state } = clause;
  if (source.over !== null)
    throw fault(
      SQLSTATE.wrong_object_type,
      `OVER specified, but ${name} is not a window function nor an aggregate function`,
      source.at,
    );
  const args = source.arguments.map((argument) => bindExpr(argument, { ...clause, sets: null }));
  const types = args.map((argument) => argument.type.name);
  const candidate = callCandidate(state, name, signatures, types, source.at);
  const cast = castArguments(state, candidate, args, source.at);
  const { primitive } = candidate.signature;
  return { primitive, arguments: cast.arguments, type: sqlType(cast.result, primitiveOf(primitive).mayBeNull) };
}

// ---- FROM ----

/** A function in FROM; `clause` sees what stands further left. */
export function bindFunctionRef(source: SourceFunctionRefNode, clause: Clause): BoundFrom {
  const { state } = clause;
  if (source.columns.length > 0)
    throw fault(
      SQLSTATE.syntax_error,
      'a column definition list is only allowed for functions returning "record"',
      source.columns[0].at,
    );
  const ownName = suggestedName(source.call, state)?.name ?? state.semantics.unnamedColumn;
  const several = severalCalls(source.call, clause);
  if (several !== null) return inStepRef(source, several, ownName, state);
  const { name: alias, columns: renamed } = aliasNames(source.alias, ownName, source.ordinality ? 2 : 1, state);
  const column = state.newColumn();
  const ordinality = source.ordinality ? state.newColumn() : -1;
  const { relation, type } = functionRelation(source.call, clause, alias, column, ordinality);
  const plain = { table: 0, attribute: 0 };
  const columns = [{ name: renamed[0] ?? alias, column, type, ...plain }];
  if (ordinality >= 0)
    columns.push({ name: renamed[1] ?? 'ordinality', column: ordinality, type: sqlType('int8', false), ...plain });
  const names: ScopeRelation[] = [{ alias, schema: null, name: alias, columns, onRead: () => {}, isFunction: true }];
  return { relation, names, locks: [{ alias, kind: 'function', gets: [], nullable: false }] };
}

/** unnest of several arrays: their elements side by side. Null: it is no such call. */
function severalCalls(source: SourceExpression, clause: Clause): readonly SetCall[] | null {
  if (source.op !== 'call' || source.arguments.length < 2 || source.variadic) return null;
  const { name, signatures } = signaturesOf(source, clause.state);
  if (signatures.length === 0 || !signatures.some(({ primitive }) => primitive === 'array.unnest')) return null;
  return source.arguments.map((argument) => callOf({ ...source, arguments: [argument] }, clause, name, signatures));
}

function inStepRef(source: SourceFunctionRefNode, given: readonly SetCall[], ownName: string, state: BindState): BoundFrom {
  const calls = given.map((call): BlockCall => ({ ...call, column: state.newColumn(), type: withNullable(call.type, true) }));
  const count = calls.length + (source.ordinality ? 1 : 0);
  const { name: alias, columns: renamed } = aliasNames(source.alias, ownName, count, state);
  const { relation, place } = inStep(calls, state);
  const plain = { table: 0, attribute: 0 };
  const columns = calls.map(({ column, type }, index) => ({ name: renamed[index] ?? ownName, column, type, ...plain }));
  const lock: BoundFrom['locks'] = [{ alias, kind: 'function', gets: [], nullable: false }];
  const named = (all: typeof columns): ScopeRelation[] => [{ alias, schema: null, name: alias, columns: all, onRead: () => {} }];
  if (!source.ordinality) return { relation, names: named(columns), locks: lock };
  const ordinality = state.newColumn();
  columns.push({ name: renamed[calls.length] ?? 'ordinality', column: ordinality, type: sqlType('int8'), ...plain });
  const numbered: BoundRelation = { op: 'project', input: relation, columns: [{ column: ordinality, expression: place }] };
  return { relation: numbered, names: named(columns), locks: lock };
}

function functionRelation(
  source: SourceExpression,
  clause: Clause,
  alias: string,
  column: ColumnId,
  ordinality: ColumnId,
): { readonly relation: BoundRelation; readonly type: SqlType } {
  const call = setCall(source, clause);
  if (call !== null) {
    const { primitive, arguments: given, type } = call;
    return { relation: { op: 'function', primitive, alias, arguments: given, columns: [{ column, type }], ordinality }, type };
  }
  const expression = settled(clause.state, bindExpr(source, clause), source.at);
  const columns = [{ column, expression }];
  if (ordinality >= 0)
    columns.push({ column: ordinality, expression: constantNode(clause.state, 1, sqlType('int8'), source.at) });
  return { relation: { op: 'project', input: ONE_ROW, columns }, type: expression.type };
}

// ---- the list of SELECT ----

export interface BlockCall extends SetCall {
  readonly column: ColumnId;
}

/** Calls in the list of SELECT; each is a column of what the block's rows are joined with. */
export class BlockSets {
  private readonly state: BindState;
  private readonly list: BlockCall[] = [];

  constructor(state: BindState) {
    this.state = state;
  }

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  owns(column: ColumnId): boolean {
    return this.list.some((one) => one.column === column);
  }

  add(call: SetCall, at: number): BoundExpression {
    let found = this.list.find(
      (one) =>
        one.primitive === call.primitive &&
        one.arguments.length === call.arguments.length &&
        one.arguments.every((argument, index) => sameExpression(argument, call.arguments[index], this.state)),
    );
    if (found === undefined) {
      // Another one may be longer.
      found = { ...call, column: this.state.newColumn(), type: withNullable(call.type, true) };
      this.list.push(found);
    }
    return columnNode(found.column, found.type, at, this.state);
  }

  /** What joins rows with those of the functions; `above`: what arguments are over the columns of these rows. */
  over(above: (node: BoundExpression) => BoundExpression): (input: BoundRelation) => BoundRelation {
    const calls = this.list.map((one) => ({ ...one, arguments: one.arguments.map(above) }));
    const [first] = calls;
    if (first === undefined) return (input) => input;
    const isAlone = calls.length === 1;
    const right = isAlone ? functionOf(first, -1) : inStep(calls, this.state).relation;
    const lateral = calls.some((one) => one.arguments.some((argument) => readsColumns(argument)));
    return (left) =>
      left.op === 'values' && left.columns.length === 0 && left.rows.length === 1
        ? right
        : { op: 'join', kind: 'inner', left, right, condition: null, lateral, mark: -1 };
  }
}

/** Row by row side by side; `place`: the number of the row. */
export function inStep(
  calls: readonly BlockCall[],
  state: BindState,
): { readonly relation: BoundRelation; readonly place: BoundExpression } {
  const number = sqlType('int8', true);
  let place: BoundExpression | null = null;
  let relation: BoundRelation | null = null;
  for (const call of calls) {
    const column = state.newColumn();
    const right = functionOf(call, column);
    const own: BoundExpression = { op: 'column', column, type: number };
    if (relation === null || place === null) {
      relation = right;
      place = own;
      continue;
    }
    const condition: BoundExpression = { op: 'call', primitive: 'int8.equal', arguments: [place, own], type: BOOLEAN, at: 0 };
    relation = { op: 'join', kind: 'full', left: relation, right, condition, lateral: false, mark: -1 };
    place = { op: 'coalesce', arguments: [place, own], type: number };
  }
  return { relation: relation as BoundRelation, place: place as BoundExpression };
}

const functionOf = ({ primitive, arguments: given, column, type }: BlockCall, ordinality: ColumnId): BoundFunction => ({
  op: 'function',
  primitive,
  alias: primitive.split('.')[0],
  arguments: given,
  columns: [{ column, type }],
  ordinality,
});

/** A call outside FROM. 0A000 */
export function bindSetCall(
  source: SourceCallNode,
  clause: Clause,
  name: string,
  signatures: readonly Signature[],
): BoundExpression {
  if (clause.inAggregate) throw unsupported('a function that gives rows, inside an aggregate, is', source.at);
  if (clause.inWindow) throw unsupported('a function that gives rows, inside a window function, is', source.at);
  if (clause.sets === null) throw unsupported(`a function that gives rows, in ${clause.name}, is`, source.at);
  return clause.sets.add(callOf(source, clause, name, signatures), source.at);
}
