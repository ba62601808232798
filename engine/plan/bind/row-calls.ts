/**
 * Functions in FROM that give rows of several columns: a function for each column, in step (json_each: one for keys, one for values);
 * and those whose columns the statement says (json_to_recordset): a function for each that gives its texts, which are cast.
 */

import type { BoundExpression, BoundRelation } from '../../sblr/bound.ts';
import { foldParts, resolveType } from '../../sblr/resolve-type.ts';
import type { SourceCallNode, SourceFunctionRefNode } from '../../sblr/source.gen.ts';
import { type SqlType, sqlType, typeId, withNullable } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import type { Clause } from './clause.ts';
import { castExplicit } from './coerce.ts';
import { fault, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import type { BoundFrom } from './from.ts';
import { typeOfAttribute } from './records.ts';
import { bindRoutineRef } from './routine-rows.ts';
import type { ScopeRelation } from './scope.ts';
import { type BlockCall, callOf, inStep } from './set-calls.ts';
import { aliasNames } from './tables.ts';

interface RowColumn {
  readonly name: string;
  readonly call: BlockCall;
  /** What its values are cast to; null: nothing. */
  readonly type: SqlType | null;
}

/** A function of these kinds, or null when it is none. */
export function bindRowRef(source: SourceFunctionRefNode, clause: Clause): BoundFrom | null {
  const { state } = clause;
  const { call } = source;
  if (call.op !== 'call' || call.name.parts.length > 2) return null;
  const made = bindRoutineRef(source, clause);
  if (made !== null) return made;
  const name = foldParts(call.name, state.semantics).at(-1) as string;
  const { rowFunctions, recordFunctions } = state.semantics;
  const columns = rowFunctions?.[name];
  const record = recordFunctions?.[name];
  if (columns !== undefined && source.columns.length === 0) {
    const made = columns.map((column) => rowColumn(call, clause, column.name, column.function));
    return refOf(source, clause, name, made);
  }
  const populated = state.semantics.populateFunctions?.[name];
  if (populated !== undefined) return refOf(source, clause, name, populatedColumns(source, call, clause, populated));
  if (record === undefined) return null;
  if (source.columns.length === 0)
    throw fault(SQLSTATE.syntax_error, 'a column definition list is required for functions returning "record"', source.at);
  return refOf(source, clause, name, recordColumns(source, call, clause, record));
}

function rowColumn(call: SourceCallNode, clause: Clause, name: string, function_: string): RowColumn {
  const { state } = clause;
  const made = callOf(call, clause, function_, state.semantics.functions[function_]);
  return { name, call: { ...made, column: state.newColumn(), type: withNullable(made.type, true) }, type: null };
}

function recordColumns(source: SourceFunctionRefNode, call: SourceCallNode, clause: Clause, function_: string): RowColumn[] {
  const { state } = clause;
  const { semantics } = state;
  return source.columns.map((definition) => {
    const { name } = definition;
    if (definition.type === null) throw fault(SQLSTATE.syntax_error, `the column ${name} has no type`, definition.at);
    const type = resolveType(definition.type, semantics, state.findType);
    return fieldColumn(call, clause, name, type, function_);
  });
}

/** The text of a field of the JSON value, which becomes a value of the type. */
function fieldColumn(call: SourceCallNode, clause: Clause, name: string, type: SqlType, function_: string): RowColumn {
  const isJson = type.name === 'json' || type.name === 'jsonb';
  const { at } = call;
  const field: SourceCallNode = {
    ...call,
    arguments: [
      ...call.arguments,
      { op: 'constant', at, kind: 'string', text: name },
      { op: 'constant', at, kind: 'boolean', text: String(isJson) },
    ],
  };
  return { ...rowColumn(field, clause, name, function_), type };
}

/** Columns of the type of a row that is NULL: null::t says which. 0A000 where it has values. */
function populatedColumns(
  { at, columns }: SourceFunctionRefNode,
  call: SourceCallNode,
  clause: Clause,
  function_: string,
): RowColumn[] {
  if (columns.length > 0)
    throw fault(
      SQLSTATE.syntax_error,
      'a column definition list is redundant for a function returning a named composite type',
      at,
    );
  const [base, ...rest] = call.arguments;
  const bound = base === undefined ? null : bindExpr(base, clause);
  const attributes = bound?.type.name.startsWith('row:')
    ? clause.state.environment.catalog.attributes?.(typeId(bound.type.name))
    : undefined;
  if (attributes == null)
    throw fault(SQLSTATE.datatype_mismatch, `first argument of ${call.name.parts.at(-1)} must be a row type`, at);
  if (bound?.op !== 'constant' || bound.value !== null)
    throw unsupported(`${call.name.parts.at(-1)} over a row that has values is`, at, 'give it null::type, and use coalesce()');
  const own = { ...call, arguments: rest.slice(0, 1) };
  return attributes.map((attribute) => fieldColumn(own, clause, attribute.name, typeOfAttribute(attribute), function_));
}

function refOf(source: SourceFunctionRefNode, clause: Clause, ownName: string, given: readonly RowColumn[]): BoundFrom {
  const { state } = clause;
  const count = given.length + (source.ordinality ? 1 : 0);
  const { name: alias, columns: renamed } = aliasNames(source.alias, ownName, count, state);
  const { relation, place } = inStep(
    given.map(({ call }) => call),
    state,
  );
  const added: { column: number; expression: BoundExpression }[] = [];
  const plain = { table: 0, attribute: 0 };
  const columns = given.map(({ name, call, type }, index) => {
    const shown = renamed[index] ?? name;
    if (type === null) return { name: shown, column: call.column, type: call.type, ...plain };
    const column = state.newColumn();
    const value: BoundExpression = { op: 'column', column: call.column, type: call.type };
    const expression = castExplicit(state, value, type, source.at);
    added.push({ column, expression });
    return { name: shown, column, type: expression.type, ...plain };
  });
  if (source.ordinality) {
    const column = state.newColumn();
    added.push({ column, expression: place });
    columns.push({ name: renamed[given.length] ?? 'ordinality', column, type: sqlType('int8'), ...plain });
  }
  const names: ScopeRelation[] = [{ alias, schema: null, name: alias, columns, onRead: () => {} }];
  const whole: BoundRelation = added.length === 0 ? relation : { op: 'project', input: relation, columns: added };
  return { relation: whole, names, locks: [{ alias, kind: 'function', gets: [], nullable: false }] };
}
