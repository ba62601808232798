/**
 * Functions in SQL that give rows, in FROM: their query stands there, beside the row of its arguments, which it reads as by LATERAL.
 * Arguments are evaluated once; those that are columns are read as they stand.
 *
 *   from t, f(t.a + 1) x     from t, lateral (select t.a + 1 as i) arguments, lateral (the body, over i) x
 */

import type { CatalogRoutine } from '../../catalog/objects.ts';
import type { BoundExpression, BoundRelation, OutputColumn } from '../../sblr/bound.ts';
import { foldParts, shownType } from '../../sblr/resolve-type.ts';
import type { SourceCallNode, SourceFunctionRefNode, SourceQuery } from '../../sblr/source.gen.ts';
import { isRowType, type SqlType, sqlType, typeId, type TypeName, withNullable } from '../../sblr/types.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { signaturesOf } from './calls.ts';
import { type Clause, clauseOf } from './clause.ts';
import { castAssign } from './coerce.ts';
import { unsupported } from './errors.ts';
import type { BoundFrom } from './from.ts';
import { bindBlock } from './query.ts';
import { inputsOf, routineBody, routineCall } from './routines.ts';
import type { OuterScope, ScopeColumn, ScopeRelation } from './scope.ts';
import type { BindState } from './state.ts';
import { aliasNames } from './tables.ts';
import { canCast } from './resolve.ts';
import { NOWHERE } from './views.ts';

/** A column of what a function gives; without a name: it is called as the function is. */
interface ResultColumn {
  readonly name: string | null;
  readonly type: SqlType;
}

/** What rows of the function have. */
function resultColumns(routine: CatalogRoutine, state: BindState): ResultColumn[] {
  const given = routine.parameters.filter(({ mode }) => mode === 'out' || mode === 'inout' || mode === 'table');
  if (given.length > 0) return given.map(({ name, type }) => ({ name, type: withNullable(type, true) }));
  const { returns } = routine;
  if (!isRowType(returns.name)) return [{ name: null, type: withNullable(returns, true) }];
  const attributes = state.environment.catalog.userType?.(typeId(returns.name))?.attributes ?? [];
  return attributes.map(({ name, type, length, scale, domain }) => ({
    name,
    type: { ...sqlType(type as TypeName, true, length, scale), ...(domain === undefined ? {} : { domain }) },
  }));
}

/** True where FROM shows rows of the function, not its one value. */
const isOfRows = ({ returnsSet, returns, parameters }: CatalogRoutine): boolean =>
  returnsSet || isRowType(returns.name) || parameters.some(({ mode }) => mode !== 'in');

/** A function in FROM that somebody has made in SQL, or null when it is none. */
export function bindRoutineRef(source: SourceFunctionRefNode, clause: Clause): BoundFrom | null {
  const { state } = clause;
  const { call } = source;
  if (call.op !== 'call' || call.over !== null || call.star || signaturesOf(call, state).signatures.length > 0) return null;
  const parts = foldParts(call.name, state.semantics);
  const known = state.environment.catalog.findRoutines?.(parts.length > 1 ? parts[0] : null, parts[parts.length - 1]) ?? [];
  if (!known.some(isOfRows)) return null;
  const found = routineCall(call, parts, clause);
  if (found === null || !isOfRows(found.routine)) return null;
  const { routine, values } = found;
  if (source.columns.length > 0)
    throw new SqlError(SQLSTATE.syntax_error, 'a column definition list is redundant for a function with OUT parameters', {
      position: source.columns[0].at,
    });
  const wanted = resultColumns(routine, state);
  const { relation, output } = rowsOf(routine, values, wanted, source, state);
  const isScalar = wanted.length === 1 && wanted[0].name === null;
  const { name: alias, columns: renamed } = aliasNames(source.alias, routine.name, output.length, state);
  const names = wanted.map(({ name }) => name ?? (isScalar ? alias : routine.name));
  if (source.ordinality) names.push('ordinality');
  const columns = output.map(
    ({ column, type }, at): ScopeColumn => ({
      ...{ name: renamed[at] ?? names[at], column, type, table: 0, attribute: 0 },
    }),
  );
  const own: ScopeRelation = {
    alias,
    schema: null,
    name: alias,
    columns,
    onRead: () => {},
    ...(isScalar ? { isFunction: true } : {}),
  };
  return { relation, names: [own], locks: [{ alias, kind: 'function', gets: [], nullable: false }] };
}

type Columns = readonly Pick<OutputColumn, 'column' | 'type'>[];

function rowsOf(
  routine: CatalogRoutine,
  values: readonly BoundExpression[],
  wanted: readonly ResultColumn[],
  source: SourceFunctionRefNode,
  state: BindState,
): { relation: BoundRelation; output: Columns } {
  const { body, inside } = routineBody(routine, state, source.at);
  const inputs = inputsOf(routine);
  const places = values.map((value) => (value.op === 'column' ? value.column : state.newColumn()));
  const relation: ScopeRelation = {
    ...{ alias: routine.name, schema: null, name: routine.name, onRead: () => {}, lateral: 'yes' },
    columns: values.map(({ type }, at) => ({ name: inputs[at].name, column: places[at], type, table: 0, attribute: 0 })),
  };
  const outer: OuterScope = {
    clause: clauseOf(inside, { relations: [relation], outer: null }, 'function body'),
    lateral: true,
    enter: (column) => column,
    entries: [],
    origin: (column) => column,
  };
  const whole = source.ordinality ? numbered(body) : routine.returnsSet ? body : firstOf(body);
  const block = bindBlock(whole, { state: inside, outer, ctes: null, rowIds: false, keepsUnknown: false });
  const { root, output } = asDeclared(routine, block.root, block.output, wanted, source.ordinality, inside);
  const given = argumentRow(routine, values, places);
  if (given === null && routine.returnsSet) return { relation: root, output };
  const kind = routine.returnsSet ? 'inner' : 'left';
  const left = given ?? ONE_ROW;
  return { relation: { op: 'join', kind, left, right: root, condition: null, lateral: values.length > 0, mark: -1 }, output };
}

const ONE_ROW: BoundRelation = { op: 'values', columns: [], rows: [[]] };

/** The row of the arguments that are no columns; STRICT: none where one of them all is NULL. Null: there is nothing to be said of it. */
function argumentRow(
  routine: CatalogRoutine,
  values: readonly BoundExpression[],
  places: readonly number[],
): BoundRelation | null {
  const columns = values.flatMap((expression, at) => (expression.op === 'column' ? [] : [{ column: places[at], expression }]));
  const row: BoundRelation | null = columns.length === 0 ? null : { op: 'project', input: ONE_ROW, columns };
  const nullable = routine.strict
    ? values.flatMap((value, at) => (value.type.nullable ? [{ value, place: places[at] }] : []))
    : [];
  if (nullable.length === 0) return row;
  if (!routine.returnsSet) throw unsupported(`calling ${routine.name}, which is STRICT, in FROM is`, NOWHERE);
  const type = sqlType('bool', false);
  const operands = nullable.map(({ value, place }): BoundExpression => {
    const operand: BoundExpression = { op: 'column', column: place, type: value.type };
    return { op: 'isTest', operand, test: 'null', negated: true, type };
  });
  const condition: BoundExpression = operands.length === 1 ? operands[0] : { op: 'and', operands, type };
  return { op: 'filter', input: row ?? ONE_ROW, condition };
}

const mismatch = (
  routine: CatalogRoutine,
  wanted: readonly ResultColumn[],
  detail: string,
  { semantics }: BindState,
): SqlError => {
  const shown = wanted.length === 1 ? shownType(wanted[0].type.name, semantics) : shownType(routine.returns.name, semantics);
  return new SqlError(SQLSTATE.invalid_function_definition, `return type mismatch in function declared to return ${shown}`, {
    detail,
  });
};

/** The rows of the body with the types that were declared. 42P13 */
function asDeclared(
  routine: CatalogRoutine,
  input: BoundRelation,
  all: readonly OutputColumn[],
  wanted: readonly ResultColumn[],
  ordinality: boolean,
  state: BindState,
): { root: BoundRelation; output: Columns } {
  const given = ordinality ? all.slice(0, -1) : all;
  const isScalar = wanted.length === 1;
  if (given.length !== wanted.length) {
    const few = given.length < wanted.length ? 'few' : 'many';
    const said = isScalar ? 'Final statement must return exactly one column.' : `Final statement returns too ${few} columns.`;
    throw mismatch(routine, wanted, said, state);
  }
  const columns = given.map(({ column, type }, at) => {
    const { name, type: declared } = wanted[at];
    if (!canCast(type.name, declared.name, 'assignment', state.semantics)) {
      const found = shownType(type.name, state.semantics);
      const asked = shownType(declared.name, state.semantics);
      const said = isScalar
        ? `Actual return type is ${found}.`
        : `Final statement returns ${found} instead of ${asked} at column ${at + 1}.`;
      throw mismatch(routine, wanted, said, state);
    }
    const value: BoundExpression = { op: 'column', column, type };
    const target = { name: name ?? routine.name, type: declared };
    return { column: state.newColumn(), expression: castAssign(state, value, target, NOWHERE, 'the result') };
  });
  const output = columns.map(({ column, expression }) => ({ column, type: withNullable(expression.type, true) }));
  const numbers = ordinality ? [all[all.length - 1]] : [];
  return { root: { op: 'project', input, columns }, output: [...output, ...numbers] };
}

/** Its first row only. */
const firstOf = (body: SourceQuery): SourceQuery =>
  body.limit === null ? { ...body, limit: { op: 'constant', at: NOWHERE, kind: 'integer', text: '1' } } : body;

const AT = { at: NOWHERE } as const;

/** select *, row_number() over () from (body) */
function numbered(query: SourceQuery): SourceQuery {
  const name = { op: 'name', ...AT, parts: ['row_number'], quoted: [true] } as const;
  const over = { op: 'windowSpec', ...AT, name: null, base: null, partition: [], order: [], frame: null } as const;
  const call: SourceCallNode = {
    ...{ op: 'call' as const, ...AT, name, arguments: [], names: [], star: false, distinct: false, variadic: false, order: [] },
    ...{ withinGroup: [], filter: null, over },
  };
  const item = { op: 'selectItem', ...AT, alias: null, quoted: false } as const;
  return {
    ...{ op: 'select', ...AT, with: null, distinct: 'none', distinctOn: [] },
    items: [
      { ...item, expression: { op: 'star', ...AT, qualifier: null } },
      { ...item, expression: call },
    ],
    from: [{ op: 'queryRef', ...AT, query, alias: null, lateral: true }],
    ...{ where: null, group: [], having: null, windows: [], order: [], limit: null, offset: null, ties: false, locking: [] },
  };
}
