/**
 * The binder: source form, catalog and semantics -> bound form (SBLR, 'Binding'). Names become ids, every expression gets a type,
 * every cast is written out, rights are checked. All errors are SqlErrors whose position is a token ordinal. The source form is
 * verified before (engine/sblr/verify-source.ts): its depth and kinds are relied upon here.
 */

import type { CatalogColumn, CatalogReader, CatalogRoutine } from '../../catalog/objects.ts';
import type { DialectSemantics } from '../../sblr/semantics.ts';
import type { BoundExpression, BoundModule, BoundStatement } from '../../sblr/bound.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import type { SourceExpression, SourceQuery, SourceStatement } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { bindCall } from './call.ts';
import { castAssign, settled } from './coerce.ts';
import type { BindEnvironment, ExpressionEnvironment } from './environment.ts';
import { madeTypesOf } from './environment.ts';
import { fault, unsupported } from './errors.ts';
import { bindInsert } from './insert.ts';
import { bindMerge } from './merge.ts';
import { bindQuery } from './query.ts';
import { routinesCalled } from './routines.ts';
import { NO_RELATIONS, type Scope } from './scope.ts';
import { BindState } from './state.ts';
import { bindCheckSource, bindDefaultSource, bindIndexSource, defaultValue, storedClause } from './stored.ts';
import { bindExpr } from './expressions.ts';
import { walkExpression } from './tree.ts';
import { bindDelete, bindUpdate } from './update.ts';
import { bindExplain, bindUtility } from './utility.ts';

/** The highest parameter number that a statement names. */
function parametersOf(node: unknown): number {
  let highest = 0;
  if (Array.isArray(node)) {
    for (const item of node) highest = Math.max(highest, parametersOf(item));
  } else if (typeof node === 'object' && node !== null) {
    const { op, number } = node as { op?: string; number?: number };
    if (op === 'parameter') return number ?? 0;
    // Those of the statement that it keeps.
    if (op === 'prepare') return 0;
    for (const value of Object.values(node)) if (typeof value === 'object') highest = Math.max(highest, parametersOf(value));
  }
  return highest;
}

function bindStatement(statement: SourceStatement | SourceQuery, state: BindState): BoundStatement {
  switch (statement.op) {
    case 'select':
    case 'setOperation':
    case 'values':
      return bindQuery(statement, state);
    case 'insert':
      return bindInsert(statement, state);
    case 'update':
      return bindUpdate(statement, state);
    case 'delete':
      return bindDelete(statement, state);
    case 'merge':
      return bindMerge(statement, state);
    case 'explain':
      return bindExplain(statement, (inner) => bindStatement(inner, state));
    case 'callProcedure':
      return bindCall(statement, state);
    default:
      return bindUtility(statement, state);
  }
}

/** Binds a statement. 42703, 42P01, 42883, 42725, 42804, 42P18 and the like; 0A000 for what is not supported. */
export function bind(statement: SourceStatement | SourceQuery, environment: BindEnvironment): BoundModule {
  const { parameterTypes, hasAllParameters } = environment;
  const parameters = hasAllParameters === true ? parameterTypes.length : Math.max(parameterTypes.length, parametersOf(statement));
  const state = new BindState(environment, parameters);
  return state.finish(bindStatement(statement, state));
}

/** A bound expression of one table's columns. */
export interface BoundStoredExpression {
  readonly expression: BoundExpression;
  /** Attributes that it reads, ascending. */
  readonly attributes: readonly number[];
}

/** While a table is defined there is nothing else that its expressions could name. */
const NO_CATALOG: CatalogReader = { version: 0, findRelation: () => null, relation: () => null, allows: () => true };

const withoutRelations = (catalog: CatalogReader | undefined): CatalogReader =>
  catalog === undefined
    ? NO_CATALOG
    : {
        ...NO_CATALOG,
        version: catalog.version,
        ...madeTypesOf(catalog),
        // Functions may read tables; the expression itself may not (no subquery stands in it).
        findRelation: (schema, name) => catalog.findRelation(schema, name),
        relation: (id) => catalog.relation(id),
        findRoutines: (schema, name) => catalog.findRoutines?.(schema, name) ?? [],
        allows: (id, right, role, columns) => catalog.allows(id, right, role, columns),
        rowSecurity: (table, role) => catalog.rowSecurity?.(table, role) ?? null,
      };

function bindFor(source: SourceExpression, environment: ExpressionEnvironment, state: BindState): BoundExpression {
  const { table, columns, purpose, target } = environment;
  const relation = {
    alias: table,
    schema: null,
    name: table,
    columns: columns.map(({ name, attribute, type }) => ({ name, column: attribute, type, table: 0, attribute })),
    onRead: () => {},
  };
  const scope: Scope = { relations: [relation], outer: null };
  switch (purpose) {
    case 'check':
      return bindCheckSource(source, state, scope);
    case 'index':
      return settled(state, bindIndexSource(source, state, scope), source.at);
    case 'value':
    case 'generated': {
      const node = bindExpr(source, storedClause(state, scope, 'column generation expressions'));
      if (target === null) return settled(state, node, source.at);
      return castAssign(state, node, { name: columns[columns.length - 1]?.name ?? table, type: target }, source.at);
    }
    case 'default': {
      // Columns are found here, so that the message says why they may not stand.
      const free = bindExpr(source, storedClause(state, scope, 'DEFAULT expressions'));
      if (attributesOf(free).length > 0) throw unsupported('column references in DEFAULT expressions are', source.at);
      if (target === null)
        return settled(state, bindExpr(source, storedClause(state, NO_RELATIONS, 'DEFAULT expressions')), source.at);
      return bindDefaultSource(source, state, { name: environment.columns[0]?.name ?? table, type: target });
    }
  }
}

function attributesOf(expression: BoundExpression): number[] {
  const attributes = new Set<number>();
  walkExpression(expression, (node) => {
    if (node.op === 'column') attributes.add(node.column);
    return true;
  });
  return [...attributes].sort((a, b) => a - b);
}

function mustBeImmutable(expression: BoundExpression, at: number, message: string): void {
  walkExpression(expression, (node) => {
    if (node.op === 'call' && primitiveOf(node.primitive).volatility !== 'immutable')
      throw fault(SQLSTATE.invalid_object_definition, message, node.at ?? at);
    return true;
  });
}

/** What a column holds when nothing is given: for rows that are there when it is added. */
export function bindColumnDefault(column: CatalogColumn, semantics: DialectSemantics, types: CatalogReader): BoundExpression {
  const environment = {
    catalog: withoutRelations(types),
    semantics,
    semanticsOf: () => semantics,
    parameterTypes: [],
    literals: [],
  };
  return defaultValue(column, new BindState({ ...environment, policy: 'infer' }, 0), 0);
}

/** Binds the expression of a CHECK, a DEFAULT or an index when it is defined; column ids of the result are attribute numbers. */
export function bindExpression(source: SourceExpression, environment: ExpressionEnvironment): BoundStoredExpression {
  const { semantics } = environment;
  const state = new BindState(
    {
      ...{ catalog: withoutRelations(environment.catalog), semantics, semanticsOf: () => semantics },
      ...{ parameterTypes: [], literals: [], policy: 'infer' },
    },
    0,
  );
  state.notes = environment.notes ?? null;
  const expression = bindFor(source, environment, state);
  const { purpose } = environment;
  const said = (message: string): void => {
    if (volatileIn(source, environment)) throw fault(SQLSTATE.invalid_object_definition, message, source.at);
    // What functions do inside is their author's word.
    mustBeImmutable(bindFor(source, environment, emptied(state)), source.at, message);
  };
  if (purpose === 'index') said('functions in index expression must be marked IMMUTABLE');
  if (purpose === 'generated') said('generation expression is not immutable');
  return { expression, attributes: attributesOf(expression) };
}

/** A function that the expression calls is not said to be immutable. */
const volatileIn = (source: SourceExpression, { catalog, semantics }: ExpressionEnvironment): boolean =>
  catalog !== undefined && routinesCalled(source, catalog, semantics).some(({ volatility }) => volatility !== 'immutable');

/** The same, where functions that somebody has made give nothing but NULL. */
function emptied({ environment }: BindState): BindState {
  const { catalog } = environment;
  const findRoutines = (schema: string | null, name: string): readonly CatalogRoutine[] =>
    (catalog.findRoutines?.(schema, name) ?? []).map((routine) => ({ ...routine, statements: [NOTHING] }));
  return new BindState({ ...environment, catalog: { ...catalog, findRoutines } }, 0);
}

/** SELECT NULL */
const NOTHING: SourceQuery = {
  ...{ op: 'select', at: 0, with: null, distinct: 'none', distinctOn: [] },
  items: [
    {
      ...{ op: 'selectItem', at: 0, alias: null, quoted: false },
      expression: { op: 'constant', at: 0, kind: 'null', text: '' },
    },
  ],
  ...{ from: [], where: null, group: [], having: null, windows: [], order: [], limit: null, offset: null },
  ...{ ties: false, locking: [] },
};
