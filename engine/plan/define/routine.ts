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
import { routineNamed } from './routine-names.ts';
import { recording } from './view.ts';

const optionOf = (source: SourceCreateRoutineNode, name: string): string | undefined => {
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

export function createRoutine(source: SourceCreateRoutineNode, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session, semantics } = environment;
  const { at } = source;
  const language = (source.language ?? (source.form === 'text' ? '' : 'sql')).toLowerCase();
  if (language === '') throw fault(SQLSTATE.invalid_function_definition, 'no language specified', at);
  if (['plpgsql', 'c', 'internal'].includes(language)) throw unsupported(`language ${language} is`, at);
  if (language !== 'sql') throw fault(SQLSTATE.undefined_object, `language "${language}" does not exist`, at);
  if (source.kind === 'procedure') throw unsupported('CREATE PROCEDURE is', at);
  if (source.returnsSet) throw unsupported('a function that returns rows is', at);
  const finder = (schema: string | null, one: string) => readerOf(environment).findType(schema, one);
  const parameters = source.arguments.map((argument, place): RoutineParameter => {
    if (argument.mode !== 'in') throw unsupported(`an ${argument.mode.toUpperCase()} argument is`, argument.at);
    return {
      ...{ mode: 'in', name: argument.name ?? `$${place + 1}`, type: resolveType(argument.type, semantics, finder) },
      default: argument.default === null ? null : storedExpression(argument.default, environment),
    };
  });
  const twice = repeated(parameters.map(({ name }) => name));
  if (twice !== undefined) throw fault(SQLSTATE.invalid_function_definition, `parameter name "${twice}" used more than once`, at);
  if (parameters.some(({ default: given }, place) => given === null && parameters[place - 1]?.default != null))
    throw fault(
      SQLSTATE.invalid_function_definition,
      'input parameters after one with a default value must also have defaults',
      at,
    );
  if (source.returns === null) throw fault(SQLSTATE.invalid_function_definition, 'function result type must be specified', at);
  const returns = resolveType(source.returns, semantics, finder);
  const query = queryOf(
    source,
    parameters.map(({ name }) => name),
    environment,
  );
  const name = qualified(source.name, semantics);
  const { schema, owner } = catalog.placeFor(tx, session, name, false);
  const own = clipName(name.name);
  const key = routineKey(
    own,
    parameters.map(({ type }) => type.name),
  );
  const known = catalog.isTaken(tx, schema, key) ? readerOf(environment).entryByName(schema, key)?.row : undefined;
  const shown = `${own}(${parameters.map(({ type }) => shownType(type.name, semantics)).join(',')})`;
  if (known !== undefined && !source.replace)
    throw fault(SQLSTATE.duplicate_function, `function "${own}" already exists with same argument types`, at);
  const before = known?.kind === 'function' ? known.body.routine : undefined;
  if (before !== undefined && before.returns.name !== returns.name)
    throw fault(SQLSTATE.invalid_function_definition, 'cannot change return type of existing function', at, {
      hint: `Use DROP FUNCTION ${shown} first.`,
    });
  const names: StoredName[] = [];
  const routine: CatalogRoutine = {
    ...{ id: known?.id ?? catalog.nextId(), version: 0, schema: '', name: own, kind: 'function', owner, parameters, returns },
    ...{ returnsSet: false, volatility: (optionOf(source, 'volatility') ?? 'volatile') as CatalogRoutine['volatility'] },
    ...{ strict: optionOf(source, 'strict') === 'true', securityDefiner: optionOf(source, 'security') === 'definer' },
    ...{ language, options: {}, text: source.body ?? environment.textOf(query), form: source.form },
    ...{ dialect: semantics.dialect, statements: [query], names },
  };
  const types = source.arguments.map(({ type }) => environment.textOf(type));
  checkBody(routine, types, names, environment);
  const kept = source.form === 'text' ? { ...routine, names: [] } : routine;
  const uses: ObjectUse[] = source.form === 'text' ? [] : names.map(({ id }) => ({ object: id, columns: [] }));
  catalog.change(tx, () => {
    const grants = known?.kind === 'function' ? known.body.grants : {};
    const row: RoutineRow = {
      ...{ id: routine.id, schema, name: key, kind: 'function', parent: routineParent(own), version: catalog.nextId() },
      body: { owner: known?.kind === 'function' ? known.body.owner : owner, shown, routine: kept, uses, grants },
    };
    if (known === undefined) catalog.insert(tx, row);
    else {
      catalog.ownRow(tx, session, known.id);
      catalog.replace(tx, row);
    }
  });
  return [];
}

/** Binds a call of the routine with NULLs. 42P13 where the result is of another type. */
function checkBody(
  routine: CatalogRoutine,
  types: readonly string[],
  names: StoredName[],
  environment: DefinitionEnvironment,
): void {
  const { semantics, semanticsOf } = environment;
  const reader = recording(readerOf(environment), names);
  const nothing = types.map((type) => `null::${type}`).join(', ');
  const [call] = environment.parse(`select "${routine.name.replaceAll('"', '""')}"(${nothing})`);
  try {
    bind(call, {
      catalog: {
        ...reader,
        findRoutines: (schema, name) =>
          name === routine.name && schema === null ? [routine] : (readerOf(environment).findRoutines?.(schema, name) ?? []),
      },
      ...{ semantics, semanticsOf, parameterTypes: [], literals: [], policy: 'infer' },
    });
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
