/**
 * CREATE FUNCTION in SQL: one query that gives one value. Its text is read and bound once, to see that it means something; RETURN and
 * BEGIN ATOMIC keep what their names mean, a text is bound anew in each call, along the caller's search path.
 */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { clipName } from '../../catalog/names.ts';
import type { CatalogRoutine, ObjectUse, RoutineParameter, StoredName } from '../../catalog/objects.ts';
import { type RoutineRow, routineKey, routineParent } from '../../catalog/stored.ts';
import { resolveType, shownType } from '../../sblr/resolve-type.ts';
import type { SourceCreateRoutineNode, SourceDropRoutineNode, SourceQuery } from '../../sblr/source.gen.ts';
import { isRowType, type SqlType, sqlType, withNullable } from '../../sblr/types.ts';
import { bind } from '../bind/bind.ts';
import {
  type DefinitionEnvironment,
  fault,
  qualified,
  readerOf,
  repeated,
  storedExpression,
  unsupported,
} from './environment.ts';
import { createProcedure } from './procedure.ts';
import { routineNamed } from './routine-names.ts';
import { recording } from './view.ts';

export const optionOf = (source: SourceCreateRoutineNode, name: string): string | undefined => {
  const value = source.options.findLast((option) => option.name === name)?.value;
  return value?.op === 'constant' ? value.text : undefined;
};

/** The query of a body, its $1 under the names that the arguments have. 0A000 for anything else. */
function queryOf(source: SourceCreateRoutineNode, names: readonly string[], environment: DefinitionEnvironment): SourceQuery {
  const statements = source.form === 'text' ? environment.parse(source.body ?? '') : source.statements;
  const [query] = statements;
  const isQuery = query !== undefined && ['select', 'setOperation', 'values'].includes(query.op);
  if (statements.length !== 1 || !isQuery) throw unsupported('a function of anything but one query is', source.at);
  return named(query as SourceQuery, names, source.at) as SourceQuery;
}

function named(node: unknown, names: readonly string[], at: number): unknown {
  if (Array.isArray(node)) return node.map((item) => named(item, names, at));
  if (typeof node !== 'object' || node === null) return node;
  const { op, number, at: place } = node as { op?: string; number?: number; at?: number };
  if (op === 'parameter') {
    const name = names[(number ?? 0) - 1];
    if (name === undefined) throw fault(SQLSTATE.undefined_parameter, `there is no parameter $${number}`, at);
    return { op: 'column', at: place, name: { op: 'name', at: place, parts: [name], quoted: [true] } };
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, named(value, names, at)]));
}

const resultsOf = (given: readonly RoutineParameter[]): RoutineParameter[] =>
  given.filter(({ mode }) => mode === 'out' || mode === 'inout' || mode === 'table');

/** Routines know no lengths: f(varchar(3)) is f(varchar). */
const bare = (type: SqlType): SqlType => ({ ...type, length: -1, scale: -1 });

/** The arguments, then the columns of TABLE. */
export function parametersOf(source: SourceCreateRoutineNode, environment: DefinitionEnvironment): RoutineParameter[] {
  const { semantics } = environment;
  const finder = (schema: string | null, one: string) => readerOf(environment).findType(schema, one);
  const columns = source.columns.map((column) => ({ ...column, mode: 'table' as const }));
  let results = 0;
  return [...source.arguments, ...columns].map((argument, place): RoutineParameter => {
    const { mode } = argument;
    if (mode === 'variadic') throw unsupported('a VARIADIC argument is', argument.at);
    if (mode !== 'in') results++;
    const named = mode === 'in' ? `$${place + 1}` : `column${results}`;
    const type = bare(resolveType(argument.type, semantics, finder));
    const value = argument.default === null ? null : storedExpression(argument.default, environment);
    return { mode, name: argument.name ?? named, type, default: value };
  });
}

/** 42P13 */
export function checkParameters(given: readonly RoutineParameter[], at: number): void {
  const parameters = given.filter(({ mode }) => mode === 'in' || mode === 'inout');
  const twice = repeated(parameters.map(({ name }) => name)) ?? repeated(resultsOf(given).map(({ name }) => name));
  if (twice !== undefined) throw fault(SQLSTATE.invalid_function_definition, `parameter name "${twice}" used more than once`, at);
  if (parameters.some(({ default: given }, place) => given === null && parameters[place - 1]?.default != null))
    throw fault(
      SQLSTATE.invalid_function_definition,
      'input parameters after one with a default value must also have defaults',
      at,
    );
}

/** The type of its value or rows. 42P13 */
function returnsOf(
  source: SourceCreateRoutineNode,
  given: readonly RoutineParameter[],
  environment: DefinitionEnvironment,
): SqlType {
  const { semantics } = environment;
  const { at } = source;
  const results = resultsOf(given);
  const asSaid = results.length === 1 ? withNullable(results[0].type, true) : sqlType('record');
  if (source.returns === null) {
    if (results.length > 0) return asSaid;
    throw fault(SQLSTATE.invalid_function_definition, 'function result type must be specified', at);
  }
  const finder = (schema: string | null, one: string) => readerOf(environment).findType(schema, one);
  const returns = bare(resolveType(source.returns, semantics, finder));
  if (results.length === 0) {
    if (returns.name === 'record') throw unsupported('a function that returns "record" without OUT arguments is', at);
    return returns;
  }
  if (returns.name === asSaid.name) return returns;
  const shown = shownType(asSaid.name, semantics);
  throw fault(SQLSTATE.invalid_function_definition, `function result type must be ${shown} because of OUT parameters`, at);
}

export function createRoutine(source: SourceCreateRoutineNode, environment: DefinitionEnvironment): Notice[] {
  const { semantics } = environment;
  const { at } = source;
  const language = (source.language ?? (source.form === 'text' ? '' : 'sql')).toLowerCase();
  if (language === '') throw fault(SQLSTATE.invalid_function_definition, 'no language specified', at);
  if (['plpgsql', 'c', 'internal'].includes(language)) throw unsupported(`language ${language} is`, at);
  if (language !== 'sql') throw fault(SQLSTATE.undefined_object, `language "${language}" does not exist`, at);
  if (source.kind === 'procedure') return createProcedure(source, environment);
  const given = parametersOf(source, environment);
  const parameters = given.filter(({ mode }) => mode === 'in' || mode === 'inout');
  checkParameters(given, at);
  const returns = returnsOf(source, given, environment);
  const query = queryOf(
    source,
    parameters.map(({ name }) => name),
    environment,
  );
  const place = placeOf(source, 'function', parameters, environment);
  const { known, shown, own } = place;
  const before = known?.body.routine;
  if (before !== undefined && (before.returns.name !== returns.name || before.returnsSet !== source.returnsSet))
    throw fault(SQLSTATE.invalid_function_definition, 'cannot change return type of existing function', at, {
      hint: `Use DROP FUNCTION ${shown} first.`,
    });
  const names: StoredName[] = [];
  const routine: CatalogRoutine = {
    ...{ id: place.id, version: 0, schema: '', name: own, kind: 'function', owner: place.owner, parameters: given, returns },
    ...{
      returnsSet: source.returnsSet,
      volatility: (optionOf(source, 'volatility') ?? 'volatile') as CatalogRoutine['volatility'],
    },
    ...{ strict: optionOf(source, 'strict') === 'true', securityDefiner: optionOf(source, 'security') === 'definer' },
    ...{ language: 'sql', options: {}, text: source.body ?? bodyText(source, environment), form: source.form },
    ...{ dialect: semantics.dialect, statements: [query], names },
  };
  const types = source.arguments
    .filter(({ mode }) => mode === 'in' || mode === 'inout')
    .map(({ type }) => environment.textOf(type));
  const called = checkBody(routine, types, names, environment);
  const kept = source.form === 'text' ? { ...routine, names: [] } : routine;
  const read = source.form === 'text' ? [] : [...names.map(({ id }) => id), ...called];
  keepRoutine(kept, place, read, environment);
  return [];
}

/** RETURN and BEGIN ATOMIC as they are written back. */
export function bodyText({ form, statements }: SourceCreateRoutineNode, { textOf }: DefinitionEnvironment): string {
  const [first] = statements;
  if (form === 'return' && first?.op === 'select') return `RETURN ${textOf(first.items[0].expression)}`;
  return ['BEGIN ATOMIC', ...statements.map((one) => ` ${textOf(one)};`), 'END'].join('\n');
}

/** Where a routine comes to stand, and what stands there. */
export interface RoutinePlace {
  readonly id: number;
  readonly own: string;
  readonly key: string;
  readonly schema: number;
  readonly owner: number;
  /** It with its arguments' types. */
  readonly shown: string;
  readonly known: RoutineRow | undefined;
}

/** 42723, 42809 */
export function placeOf(
  source: SourceCreateRoutineNode,
  kind: RoutineRow['kind'],
  parameters: readonly RoutineParameter[],
  environment: DefinitionEnvironment,
): RoutinePlace {
  const { catalog, tx, session, semantics } = environment;
  const name = qualified(source.name, semantics);
  const { schema, owner } = catalog.placeFor(tx, session, name, false);
  const own = clipName(name.name);
  const key = routineKey(
    own,
    parameters.map(({ type }) => type.name),
  );
  const found = catalog.isTaken(tx, schema, key) ? readerOf(environment).entryByName(schema, key)?.row : undefined;
  const shown = `${own}(${parameters.map(({ type }) => shownType(type.name, semantics)).join(',')})`;
  if (found !== undefined && !source.replace)
    throw fault(SQLSTATE.duplicate_function, `function "${own}" already exists with same argument types`, source.at);
  const known = found?.kind === 'function' || found?.kind === 'procedure' ? found : undefined;
  if (known !== undefined && known.kind !== kind)
    throw fault(SQLSTATE.wrong_object_type, 'cannot change routine kind', source.at, {
      detail: `"${own}" is a ${known.kind}.`,
    });
  return { id: known?.id ?? catalog.nextId(), own, key, schema, owner, shown, known };
}

/** Writes it down. `read`: objects that it cannot be without. */
export function keepRoutine(
  routine: CatalogRoutine,
  { schema, owner, own, key, shown, known }: RoutinePlace,
  read: readonly number[],
  { catalog, tx, session, extension = known?.body.extension }: DefinitionEnvironment,
): void {
  const uses = [...new Set([...read, ...madeTypesOf(routine)])].map((object): ObjectUse => ({ object, columns: [] }));
  catalog.change(tx, () => {
    const row: RoutineRow = {
      ...{ id: routine.id, schema, name: key, kind: routine.kind, parent: routineParent(own), version: catalog.nextId() },
      body: {
        ...{ owner: known?.body.owner ?? owner, shown, routine, uses, grants: known?.body.grants ?? null },
        ...(extension !== undefined && { extension }),
      },
    };
    if (known === undefined) catalog.insert(tx, row);
    else {
      catalog.ownRow(tx, session, known.id);
      catalog.replace(tx, row);
    }
  });
}

/** Types of users among those of its arguments and results. */
const madeTypesOf = ({ parameters, returns }: CatalogRoutine): number[] =>
  [...parameters.map(({ type }) => type), returns].flatMap(({ name, domain }) => {
    const id = /^(?:enum|row):(\d+)/.exec(name)?.[1];
    return domain ?? (id === undefined ? [] : Number(id));
  });

/** Binds a call of the routine with NULLs, and tells which other routines that calls. 42P13 where the result is of another type. */
function checkBody(
  routine: CatalogRoutine,
  types: readonly string[],
  names: StoredName[],
  environment: DefinitionEnvironment,
): number[] {
  const { semantics, semanticsOf } = environment;
  const reader = recording(readerOf(environment), names);
  const nothing = types.map((type) => `null::${type}`).join(', ');
  const isOfRows = routine.returnsSet || isRowType(routine.returns.name);
  const [call] = environment.parse(`select ${isOfRows ? '* from ' : ''}"${routine.name.replaceAll('"', '""')}"(${nothing})`);
  try {
    const { uses } = bind(call, {
      catalog: {
        ...reader,
        findRoutines: (schema, name) =>
          name === routine.name && schema === null ? [routine] : (readerOf(environment).findRoutines?.(schema, name) ?? []),
      },
      ...{ semantics, semanticsOf, parameterTypes: [], literals: [], policy: 'infer' },
    });
    return uses.flatMap(({ object }) =>
      object !== routine.id && readerOf(environment).routineVersion(object) !== undefined ? [object] : [],
    );
  } catch (error) {
    if (!(error instanceof SqlError) || error.code !== SQLSTATE.datatype_mismatch) throw error;
    throw new SqlError(
      SQLSTATE.invalid_function_definition,
      `return type mismatch in function declared to return ${shownType(routine.returns.name, semantics)}`,
    );
  }
}

/** DROP FUNCTION: all or none. 42883, 2BP01 */
export function dropRoutines(source: SourceDropRoutineNode, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session } = environment;
  const notices: Notice[] = [];
  const ids = source.routines.flatMap((one) => {
    try {
      return [routineNamed(one, source.kind, environment).id];
    } catch (error) {
      if (!source.ifExists || !(error instanceof SqlError) || error.code !== SQLSTATE.undefined_function) throw error;
      const shown = error.message.replace(/^could not find a (\w+) named "(.*)"$/, '$1 $2() does not exist');
      notices.push({ severity: 'NOTICE', code: '00000', message: `${shown}, skipping` });
      return [];
    }
  });
  if (ids.length > 0) notices.push(...catalog.drop(tx, session, ids, source.cascade));
  return notices;
}
