/** Routines by their names and the types of their arguments. */

import { SQLSTATE } from '../../../shm/errors.ts';
import type { RoutineRow } from '../../catalog/stored.ts';
import { foldParts, resolveType, shownType } from '../../sblr/resolve-type.ts';
import type { SourceName, SourceType } from '../../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, readerOf } from './environment.ts';

export interface NamedRoutine {
  readonly name: SourceName;
  readonly arguments: readonly SourceType[];
  readonly argumentsGiven: boolean;
}

const inputs = (row: RoutineRow) => row.body.routine.parameters.filter(({ mode }) => mode !== 'out' && mode !== 'table');

/** The routine that ALTER, DROP, COMMENT name. 42883, 42725, 42809 */
export function routineNamed(
  source: NamedRoutine,
  kind: 'function' | 'procedure' | 'routine',
  environment: DefinitionEnvironment,
): RoutineRow {
  const { semantics } = environment;
  const parts = foldParts(source.name, semantics);
  const reader = readerOf(environment);
  const found = reader.routines(parts.length > 1 ? parts[0] : null, parts[parts.length - 1]);
  const types = source.arguments.map(
    (type) => resolveType(type, semantics, (schema, name) => reader.findType(schema, name)).name,
  );
  const fits = (row: RoutineRow): boolean => {
    const own = inputs(row).map(({ type }) => type.name);
    return !source.argumentsGiven || (own.length === types.length && own.every((name, at) => name === types[at]));
  };
  const fitting = found.filter(fits);
  const shown = source.argumentsGiven
    ? `${parts.join('.')}(${types.map((name) => shownType(name, semantics)).join(', ')})`
    : parts.join('.');
  if (fitting.length > 1)
    throw fault(SQLSTATE.ambiguous_function, `${kind} name "${parts.join('.')}" is not unique`, source.name.at, {
      hint: `Specify the argument list to select the ${kind} unambiguously.`,
    });
  const [row] = fitting;
  if (row === undefined) {
    const message = source.argumentsGiven ? `${kind} ${shown} does not exist` : `could not find a ${kind} named "${shown}"`;
    throw fault(SQLSTATE.undefined_function, message, source.name.at);
  }
  if (kind !== 'routine' && row.kind !== kind)
    throw fault(SQLSTATE.wrong_object_type, `${shown} is not a ${kind}`, source.name.at);
  return row;
}
