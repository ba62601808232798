/** ALTER FUNCTION, PROCEDURE, ROUTINE: another name, schema or owner; what calls may take for granted. */

import { SQLSTATE } from '../../../shm/errors.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { mustOwn, noSchema } from '../../catalog/errors.ts';
import { clipName } from '../../catalog/names.ts';
import type { CatalogRoutine } from '../../catalog/objects.ts';
import { dependentsOf } from '../../catalog/dependents.ts';
import { type RoutineRow, routineKey, routineParent } from '../../catalog/stored.ts';
import { shownType } from '../../sblr/resolve-type.ts';
import type { SourceAlterAction, SourceAlterNode } from '../../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, readerOf, unsupported } from './environment.ts';
import { routineNamed } from './routine-names.ts';
import { changeOwner } from './schema.ts';

type Kind = 'function' | 'procedure' | 'routine';

/** 42883, 42723, 42501; 0A000 for another name of what stored texts call */
export function alterRoutine(source: SourceAlterNode, kind: Kind, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx } = environment;
  const row = routineNamed(source, kind, environment);
  if (!readerOf(environment).owns(row.body.owner)) throw mustOwn(row.kind, row.body.routine.name);
  catalog.change(tx, () => {
    for (const action of source.actions) act(row, action, environment);
  });
  return [];
}

function act(row: RoutineRow, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const to = action.to ?? '';
  const { routine } = row.body;
  switch (action.kind) {
    case 'renameTo':
      return place(row, row.schema, clipName(to), action.at, environment);
    case 'setSchema': {
      const schema = readerOf(environment).schemaId(to);
      if (schema === null) throw noSchema(to);
      if (schema === row.schema) return;
      catalog.placeFor(tx, environment.session, { schema: to, name: routine.name }, false);
      return place(row, schema, routine.name, action.at, environment);
    }
    case 'ownerTo':
      return changeOwner(row, to, environment);
    case 'routineOptions': {
      const body = { ...row.body, routine: { ...routine, ...optionsOf(action) } };
      catalog.replace(tx, { ...row, version: catalog.nextId(), body });
      return;
    }
    default:
      throw unsupported('this ALTER FUNCTION is', action.at);
  }
}

/** What the options say; those of parallel workers and costs are kept as they are for CREATE FUNCTION: nothing asks for them. */
function optionsOf({ options }: SourceAlterAction): Partial<CatalogRoutine> {
  const textOf = (name: string): string | undefined => {
    const value = options.findLast((option) => option.name === name)?.value;
    return value?.op === 'constant' ? value.text : undefined;
  };
  const [volatility, strict, security] = [textOf('volatility'), textOf('strict'), textOf('security')];
  return {
    ...(volatility === undefined ? {} : { volatility: volatility as CatalogRoutine['volatility'] }),
    ...(strict === undefined ? {} : { strict: strict === 'true' }),
    ...(security === undefined ? {} : { securityDefiner: security === 'definer' }),
  };
}

/** Under another name, or in another schema. Stored texts call routines by their names: what they call stays where it is. */
function place(row: RoutineRow, schema: number, name: string, at: number, environment: DefinitionEnvironment): void {
  const { catalog, tx, semantics } = environment;
  const { routine } = row.body;
  const types = routine.parameters.filter(({ mode }) => mode === 'in' || mode === 'inout').map(({ type }) => type.name);
  const key = routineKey(name, types);
  const shown = `${name}(${types.map((type) => shownType(type, semantics)).join(', ')})`;
  if (catalog.isTaken(tx, schema, key))
    throw fault(
      SQLSTATE.duplicate_function,
      `function ${shown} already exists in schema "${readerOf(environment).schemaName(schema)}"`,
      at,
    );
  if (dependentsOf([{ kind: 'object', row }], readerOf(environment)).length > 0)
    throw unsupported(`another name or schema for ${row.body.shown}, which others call, is`, at);
  const own = clipName(name);
  catalog.replace(tx, {
    ...{ ...row, schema, name: key, parent: routineParent(own), version: catalog.nextId() },
    body: { ...row.body, shown: shown.replaceAll(', ', ','), routine: { ...routine, name: own } },
  });
}
