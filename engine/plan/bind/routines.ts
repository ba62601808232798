/**
 * Calls of functions that somebody has made in SQL: their one query takes the place of the call. Arguments are evaluated once, whatever
 * the body names of them; a body that reads tables is a scalar subquery of its first row.
 *
 *   f(x + 1), body `select i * i`              let i = x + 1 in i * i
 *   f(x), body `select v from t where t.k = i` (select v from t where t.k = i limit 1), i entered as of any subquery
 */

import type { CatalogReader, CatalogRoutine, RoutineParameter } from '../../catalog/objects.ts';
import type { BoundExpression, ColumnId } from '../../sblr/bound.ts';
import type { DialectSemantics, Signature } from '../../sblr/semantics.ts';
import { foldParts, shownType } from '../../sblr/resolve-type.ts';
import type { SourceCallNode, SourceQuery, SourceSelectNode } from '../../sblr/source.gen.ts';
import { sqlType, withNullable } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { type Clause, clauseOf } from './clause.ts';
import { castAssign, constantNode } from './coerce.ts';
import { fault, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { bindBlock } from './query.ts';
import { resolveSignature } from './resolve.ts';
import { NO_RELATIONS, type OuterScope, type Scope, type ScopeRelation } from './scope.ts';
import type { BindState } from './state.ts';
import { storedClause } from './stored.ts';
import { withChildren } from './tree.ts';
import { enterStored, NOWHERE, placeless, storedState } from './views.ts';

export const inputsOf = (routine: CatalogRoutine): RoutineParameter[] =>
  routine.parameters.filter(({ mode }) => mode === 'in' || mode === 'inout');

/** For each of a routine's arguments which of the given ones it is, undefined: its default; null: it does not take them. */
export function arranged(parameters: readonly RoutineParameter[], source: SourceCallNode): (number | undefined)[] | null {
  if (source.arguments.length > parameters.length) return null;
  const places: (number | undefined)[] = parameters.map(() => undefined);
  for (let at = 0; at < source.arguments.length; at++) {
    const name = source.names[at] ?? '';
    const place = name === '' ? at : parameters.findIndex((one) => one.name === name);
    if (place < 0 || places[place] !== undefined) return null;
    places[place] = at;
  }
  return places.every((place, at) => place !== undefined || parameters[at].default !== null) ? places : null;
}

/** The functions that calls in an expression may mean: those that take so many arguments. */
export function routinesCalled(source: unknown, catalog: CatalogReader, semantics: DialectSemantics): CatalogRoutine[] {
  if (Array.isArray(source)) return source.flatMap((one) => routinesCalled(one, catalog, semantics));
  if (typeof source !== 'object' || source === null) return [];
  const inner = Object.values(source).flatMap((one) => (typeof one === 'object' ? routinesCalled(one, catalog, semantics) : []));
  if ((source as { op?: string }).op !== 'call') return inner;
  const call = source as SourceCallNode;
  const parts = foldParts(call.name, semantics);
  const found = catalog.findRoutines?.(parts.length > 1 ? parts[parts.length - 2] : null, parts[parts.length - 1]) ?? [];
  return [...found.filter((routine) => routine.kind === 'function' && arranged(inputsOf(routine), call) !== null), ...inner];
}

/** A routine that is called, and what it is given. */
export interface RoutineCall {
  readonly routine: CatalogRoutine;
  readonly values: readonly BoundExpression[];
}

/** A call by the name of a routine, for its value; null: there is none. 42883, 42725, 0A000 */
export function bindRoutineCall(source: SourceCallNode, parts: readonly string[], clause: Clause): BoundExpression | null {
  const call = routineCall(source, parts, clause);
  if (call === null) return null;
  const { routine, values } = call;
  if (routine.returnsSet)
    throw unsupported(`calling ${routine.name}, which gives rows, outside FROM is`, source.at, 'call it in FROM');
  if (routine.returns.name === 'record')
    throw unsupported(`calling ${routine.name}, which gives several values, outside FROM is`, source.at, 'call it in FROM');
  return inlined(routine, values, source.at, clause);
}

/** Which routine a call means; null: there is none of the name. 42883, 42725 */
export function routineCall(source: SourceCallNode, parts: readonly string[], clause: Clause): RoutineCall | null {
  const { state } = clause;
  const schema = parts.length > 1 ? parts[0] : null;
  const found = state.environment.catalog.findRoutines?.(schema, parts[parts.length - 1]) ?? [];
  if (found.length === 0) return null;
  const fitting = found.flatMap((routine) => {
    const places = arranged(inputsOf(routine), source);
    return places === null || routine.kind !== 'function' ? [] : [{ routine, places }];
  });
  const args = source.arguments.map((argument) => bindExpr(argument, clause));
  const chosen = choose(fitting, args, state);
  if (chosen === null) {
    const shown = args.map(({ type }) => shownType(type.name, state.semantics)).join(', ');
    throw fault(
      SQLSTATE.undefined_function,
      `function ${parts.join('.')}(${shown}) does not exist`,
      source.at,
      'No function matches the given name and argument types. You might need to add explicit type casts.',
    );
  }
  const { routine, places } = chosen;
  state.useRoutine(routine);
  const values = inputsOf(routine).map((input, at) => {
    const place = places[at];
    const value = place === undefined ? defaultOf(input, state) : args[place];
    return castAssign(state, value, { name: input.name, type: input.type }, source.at, 'argument');
  });
  return { routine, values };
}

interface Fitting {
  readonly routine: CatalogRoutine;
  readonly places: readonly (number | undefined)[];
}

function choose(fitting: readonly Fitting[], args: readonly BoundExpression[], state: BindState): Fitting | null {
  // Each by the types of those of its arguments that are given.
  for (const count of [args.length]) {
    const signatures = fitting.map(({ routine, places }, at): Signature => {
      const inputs = inputsOf(routine);
      const types = Array.from({ length: count }, (_, given) => inputs[places.indexOf(given)].type.name);
      return { arguments: types, result: routine.returns.name, primitive: String(at) };
    });
    const types = args.map(({ type }) => type.name);
    const resolution = resolveSignature(signatures, types, state.semantics);
    if (resolution.found !== null) return fitting[Number((resolution.found.signature as Signature).primitive)];
  }
  return null;
}

function defaultOf({ default: given }: RoutineParameter, state: BindState): BoundExpression {
  if (given === null) return constantNode(state, null, sqlType('unknown'), 0);
  return bindExpr(placeless(given.source), storedClause(state.within(given.dialect), NO_RELATIONS, 'DEFAULT expressions'));
}

const isPlain = (query: SourceQuery): query is SourceSelectNode =>
  query.op === 'select' &&
  query.from.length === 0 &&
  query.where === null &&
  query.group.length === 0 &&
  query.having === null &&
  query.with === null &&
  query.limit === null &&
  query.offset === null &&
  query.distinct === 'none' &&
  query.order.length === 0 &&
  query.items.length === 1;

/** The query of a routine, and the state in which it is bound. 54001 where it is being bound already. */
export function routineBody(routine: CatalogRoutine, state: BindState, at: number): { body: SourceQuery; inside: BindState } {
  const [source] = routine.statements;
  if (source === undefined || !('items' in source || source.op === 'setOperation' || source.op === 'values'))
    throw unsupported(`calling ${routine.name} is`, at);
  const inside = enterStored(
    storedState(state, routine.dialect, routine.names, routine.securityDefiner ? routine.owner : null),
    routine.id,
    () => fault(SQLSTATE.statement_too_complex, `function ${routine.name} calls itself without end`, at),
  );
  return { body: placeless(source as SourceQuery), inside };
}

/** The call as what the body says of its arguments. */
function inlined(routine: CatalogRoutine, values: readonly BoundExpression[], at: number, { state }: Clause): BoundExpression {
  const { body, inside } = routineBody(routine, state, at);
  const locals = values.map((value) => ({ value, local: state.newLocal(), column: state.newColumn() }));
  const inputs = inputsOf(routine);
  const relation: ScopeRelation = {
    ...{ alias: routine.name, schema: null, name: routine.name, onRead: () => {} },
    columns: locals.map(({ column, value }, place) => ({
      ...{ name: inputs[place].name, column, type: value.type, table: 0, attribute: 0 },
    })),
  };
  const scope: Scope = { relations: [relation], outer: null };
  const result = bodyOf(body, scope, inside, locals);
  const type = withNullable(routine.returns, true);
  const whole = castAssign(inside, result, { name: routine.name, type }, NOWHERE, 'the result');
  const withLocals = substituted(whole, new Map(locals.map((one) => [one.column, one])));
  const guarded = routine.strict ? unlessNull(withLocals, locals, state) : withLocals;
  return locals.reduceRight<BoundExpression>(
    (inner, { local, value }) => ({ op: 'let', local, value, body: inner, type: inner.type }),
    guarded,
  );
}

interface Local {
  readonly value: BoundExpression;
  readonly local: number;
  readonly column: ColumnId;
}

function bodyOf(body: SourceQuery, scope: Scope, state: BindState, locals: readonly Local[]): BoundExpression {
  if (isPlain(body)) {
    const { expression } = body.items[0];
    const { op } = expression;
    if (op !== 'star') {
      const node = bindPlain(body, scope, state);
      if (node !== null) return node;
    }
  }
  const first: SourceQuery =
    body.limit === null ? { ...body, limit: { op: 'constant', at: NOWHERE, kind: 'integer', text: '1' } } : body;
  const outer: OuterScope = {
    clause: clauseOf(state, scope, 'function body'),
    lateral: false,
    enter: (column) => column,
    entries: [],
    origin: (column) => column,
  };
  const { root, output } = bindBlock(first, { state, outer, ctes: null, rowIds: false, keepsUnknown: false });
  const [{ column, type }] = output;
  return {
    ...{ op: 'subquery', kind: 'scalar', relation: root, columns: [column], condition: null, at: NOWHERE },
    outer: locals.map((one) => ({
      column: one.column,
      expression: { op: 'column' as const, column: one.column, type: one.value.type },
    })),
    type: withNullable(type, true),
  };
}

/** The value of a body without FROM; null: it is a query after all (an aggregate, a function that gives rows). */
function bindPlain(body: SourceSelectNode, scope: Scope, state: BindState): BoundExpression | null {
  try {
    return bindExpr(body.items[0].expression, { ...clauseOf(state, scope, 'function body'), parameters: false });
  } catch {
    return null;
  }
}

/** Columns of the arguments as the locals that hold them. */
function substituted(node: BoundExpression, locals: ReadonlyMap<ColumnId, Local>): BoundExpression {
  if (node.op === 'column') {
    const found = locals.get(node.column);
    return found === undefined ? node : { op: 'local', local: found.local, type: node.type };
  }
  return withChildren(node, (child) => substituted(child, locals));
}

/** STRICT: NULL where an argument is. */
function unlessNull(body: BoundExpression, locals: readonly Local[], state: BindState): BoundExpression {
  const nullable = locals.filter(({ value }) => value.type.nullable);
  if (nullable.length === 0) return body;
  const type = sqlType('bool', false);
  const tests = nullable.map(
    ({ local, value }): BoundExpression => ({
      ...{ op: 'isTest', operand: { op: 'local', local, type: value.type }, test: 'null', negated: false, type },
    }),
  );
  const condition: BoundExpression = tests.length === 1 ? tests[0] : { op: 'or', operands: tests, type };
  const nothing = constantNode(state, null, body.type, NOWHERE);
  return {
    op: 'case',
    whens: [{ condition, result: { ...nothing, type: body.type } as BoundExpression }],
    otherwise: body,
    type: body.type,
  };
}
