/**
 * CREATE PROCEDURE in SQL: statements that CALL runs one after the other. What a statement names and finds no column of is an argument,
 * and is kept as a parameter of the statement.
 *
 *   create procedure p(a int) ... insert into t values (a)       kept: insert into t values ($1)
 *   BEGIN ATOMIC                                                  relations are kept with their schemas
 */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { Notice } from '../../catalog/definitions.ts';
import type { CatalogRoutine, RoutineParameter, StoredName } from '../../catalog/objects.ts';
import type { BoundStatement } from '../../sblr/bound.ts';
import { shownType } from '../../sblr/resolve-type.ts';
import type { SourceCreateRoutineNode, SourceName, SourceQuery, SourceStatement } from '../../sblr/source.gen.ts';
import { type SqlType, sqlType } from '../../sblr/types.ts';
import { bind } from '../bind/bind.ts';
import { type DefinitionEnvironment, fault, readerOf } from './environment.ts';
import { bodyText, checkParameters, keepRoutine, optionOf, parametersOf, placeOf } from './routine.ts';
import { recording } from './view.ts';

type Statement = SourceStatement | SourceQuery;

/** Options that mean something for functions only. */
const OF_FUNCTIONS = ['volatility', 'strict', 'leakproof', 'cost', 'rows', 'parallel'];

/** Arguments that its statements name, in their order: those that are given. */
export const givenTo = (parameters: readonly RoutineParameter[]): RoutineParameter[] =>
  parameters.filter(({ mode }) => mode === 'in' || mode === 'inout');

/** What CALL answers. */
export const givenBy = (parameters: readonly RoutineParameter[]): RoutineParameter[] =>
  parameters.filter(({ mode }) => mode === 'out' || mode === 'inout');

/** 42P13, and what is wrong with its statements */
export function createProcedure(source: SourceCreateRoutineNode, environment: DefinitionEnvironment): Notice[] {
  const { semantics } = environment;
  const { at } = source;
  const wrong = source.options.find(({ name }) => OF_FUNCTIONS.includes(name));
  if (wrong !== undefined)
    throw fault(SQLSTATE.invalid_function_definition, 'invalid attribute in procedure definition', wrong.at);
  const parameters = parametersOf(source, environment);
  checkParameters(parameters, at);
  const first = parameters.findIndex((one) => one.default !== null);
  if (first >= 0 && parameters.slice(first).some(({ mode }) => mode === 'out'))
    throw fault(
      SQLSTATE.invalid_function_definition,
      'procedure OUT parameters cannot appear after one with a default value',
      at,
    );
  const place = placeOf(source, 'procedure', givenTo(parameters), environment);
  const written = source.form === 'text' ? environment.parse(source.body ?? '') : source.statements;
  const names: StoredName[] = [];
  const used = new Set<number>();
  const bodies = written.map((one) => bodyOf(one, place.own, parameters, names, used, environment));
  checkResult(bodies.at(-1)?.types ?? null, parameters, environment, at);
  const isText = source.form === 'text';
  const statements = bodies.map(({ statement }) => (isText ? statement : qualified(statement, names, environment)));
  const procedure: CatalogRoutine = {
    ...{ id: place.id, version: 0, schema: '', name: place.own, kind: 'procedure', owner: place.owner, parameters },
    ...{ returns: sqlType(givenBy(parameters).length > 0 ? 'record' : 'void'), returnsSet: false, volatility: 'volatile' },
    ...{ strict: false, securityDefiner: optionOf(source, 'security') === 'definer', language: 'sql', options: {} },
    ...{ text: source.body ?? bodyText(source, environment), form: source.form },
    ...{ dialect: semantics.dialect, statements: statements as Statement[], names: [] },
  };
  keepRoutine(procedure, place, isText ? [] : [...names.map(({ id }) => id), ...used], environment);
  return [];
}

/** What a statement gives; null: nothing. */
function typesOf(bound: BoundStatement): readonly SqlType[] | null {
  if (bound.kind === 'query') return bound.output.map(({ type }) => type);
  return 'returning' in bound ? bound.returning.map(({ expression }) => expression.type) : null;
}

/** A statement with parameters where it names arguments, bound to see that it means something; and what it gives. */
function bodyOf(
  written: Statement,
  procedure: string,
  parameters: readonly RoutineParameter[],
  names: StoredName[],
  used: Set<number>,
  environment: DefinitionEnvironment,
): { readonly statement: Statement; readonly types: readonly SqlType[] | null } {
  const { semantics, semanticsOf } = environment;
  const given = givenTo(parameters);
  const catalog = recording(readerOf(environment), names);
  const of = { catalog, semantics, semanticsOf, parameterTypes: given.map(({ type }) => type), literals: [] };
  for (let statement = written; ; ) {
    try {
      const { statement: bound, uses } = bind(statement, { ...of, policy: 'infer' });
      for (const { object } of uses) if (readerOf(environment).routineVersion(object) !== undefined) used.add(object);
      return { statement, types: typesOf(bound) };
    } catch (error) {
      const argument = error instanceof SqlError ? argumentAt(statement, error, procedure, given) : null;
      if (argument === null) throw error;
      statement = argument;
    }
  }
}

/** The statement with a parameter in place of the name that was not found, if an argument has it; null: none has. */
function argumentAt(
  statement: Statement,
  { code, position }: SqlError,
  procedure: string,
  given: readonly RoutineParameter[],
): Statement | null {
  if (code !== SQLSTATE.undefined_column && code !== SQLSTATE.undefined_table) return null;
  let found = false;
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== 'object' || node === null) return node;
    const { op, at, name } = node as { op?: string; at?: number; name?: SourceName };
    if (op === 'column' && at === position && name !== undefined) {
      const { parts } = name;
      const place = given.findIndex((one) => one.name === parts[parts.length - 1]);
      if (place >= 0 && (parts.length === 1 || (parts.length === 2 && parts[0] === procedure))) {
        found = true;
        return { op: 'parameter', at, number: place + 1, name: null };
      }
    }
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, walk(value)]));
  };
  const changed = walk(statement) as Statement;
  return found ? changed : null;
}

/** Its relations under the names of their schemas: what they mean hangs on no search path. */
function qualified(statement: Statement, names: readonly StoredName[], environment: DefinitionEnvironment): Statement {
  const reader = readerOf(environment);
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(walk);
    if (typeof node !== 'object' || node === null) return node;
    const { op, parts, quoted } = node as { op?: string; parts?: string[]; quoted?: boolean[] };
    if (op === 'column') return node;
    if (op === 'name' && parts?.length === 1) {
      const known = names.find(({ name, schema }) => schema === null && name === parts[0]);
      const relation = known === undefined ? null : reader.relation(known.id);
      return relation === null ? node : { ...node, parts: [relation.schema, parts[0]], quoted: [true, quoted?.[0] ?? true] };
    }
    const isOther = op === 'call' || op === 'type';
    return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, isOther && key === 'name' ? value : walk(value)]));
  };
  return walk(statement) as Statement;
}

/** The last statement gives what OUT arguments ask for. 42P13 */
function checkResult(
  types: readonly SqlType[] | null,
  parameters: readonly RoutineParameter[],
  { semantics }: DefinitionEnvironment,
  at: number,
): void {
  const wanted = givenBy(parameters);
  if (wanted.length === 0) return;
  const mismatch = (detail: string): SqlError =>
    fault(SQLSTATE.invalid_function_definition, 'return type mismatch in function declared to return record', at, { detail });
  if (types === null || types.length === 0)
    throw mismatch("Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.");
  const shown = (type: SqlType): string => shownType(type.name, semantics);
  wanted.forEach(({ type }, place) => {
    const given = types[place];
    if (given === undefined) throw mismatch('Final statement returns too few columns.');
    if (given.name !== type.name && given.name !== 'unknown')
      throw mismatch(`Final statement returns ${shown(given)} instead of ${shown(type)} at column ${place + 1}.`);
  });
  if (types.length > wanted.length) throw mismatch('Final statement returns too many columns.');
}
