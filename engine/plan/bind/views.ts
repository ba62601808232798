/**
 * Views: the query that the catalog keeps is bound where the view is named, under its owner's rights, and its names mean what they meant
 * when it was made (StoredName): whatever has been renamed or made since.
 */

import type { CatalogReader, CatalogRelation, CatalogView, StoredName } from '../../catalog/objects.ts';
import type { SourceQuery } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { madeTypesOf } from './environment.ts';
import { fault } from './errors.ts';
import { type BoundBlock, bindBlock } from './query.ts';
import { BindState } from './state.ts';

/** Token ordinal of what stands in no text that the user has before him. */
export const NOWHERE = 0x3fffffff;

/** A source form whose errors have no position. */
export function placeless<Source>(source: Source): Source {
  return JSON.parse(JSON.stringify(source, (key, value) => (key === 'at' || key === 'columnsAt' ? NOWHERE : value))) as Source;
}

const placed = new WeakMap<object, SourceQuery>();

/** The view's query, as it is bound again and again. */
export function viewQuery(view: CatalogView): SourceQuery {
  let source = placed.get(view.query);
  if (source === undefined) {
    source = placeless(view.query.source);
    placed.set(view.query, source);
  }
  return source;
}

/** A relation under the names that it had; what was added since is not seen. */
export function asItWas(relation: CatalogRelation, { name, columns }: StoredName): CatalogRelation {
  if (relation.kind !== 'table' && relation.kind !== 'view') return relation;
  const own = relation.columns.flatMap((column) => {
    if (column.hidden !== null) return [column];
    const was = columns[column.number];
    return was === undefined ? [] : [was === column.name ? column : { ...column, name: was }];
  });
  return { ...relation, name, columns: own };
}

/** The catalog as the text of a stored query reads it. */
function readerOf(catalog: CatalogReader, names: readonly StoredName[], owner: number | null): CatalogReader {
  return {
    ...madeTypesOf(catalog),
    version: catalog.version,
    findRelation: (schema, name) => {
      const known = names.find((one) => one.schema === schema && one.name === name);
      if (known === undefined) return catalog.findRelation(schema, name);
      const relation = catalog.relation(known.id);
      return relation === null ? null : asItWas(relation, known);
    },
    relation: (id) => catalog.relation(id),
    allows: (id, right, role, columns) => catalog.allows(id, right, role ?? owner ?? undefined, columns),
    findRoutines: (schema, name) => catalog.findRoutines?.(schema, name) ?? [],
    rowSecurity: (table, role) => catalog.rowSecurity?.(table, role ?? owner ?? undefined) ?? null,
  };
}

/**
 * The statement at hand, in the text of a stored query. `owner`: whose rights count, null: those of who asks. What the owner may do is
 * not what the statement asks its role for.
 */
export function storedState(state: BindState, dialect: string, names: readonly StoredName[], owner: number | null): BindState {
  const environment = { ...state.environment, catalog: readerOf(state.environment.catalog, names, owner) };
  const semantics = dialect === state.semantics.dialect ? state.semantics : state.environment.semanticsOf(dialect);
  const own = { environment: { value: environment }, semantics: { value: semantics } };
  if (owner === null) return Object.create(state, own) as BindState;
  const { uses } = state;
  const noted: BindState = Object.create(state, { ...own, uses: { value: new Map() } }) as BindState;
  const use: BindState['use'] = (relation, right, columns) => {
    BindState.prototype.use.call(noted, relation, right, columns);
    if (!uses.has(relation.id)) uses.set(relation.id, { version: relation.version, rights: new Set() });
  };
  return Object.create(noted, { use: { value: use } }) as BindState;
}

/** Views that are being bound around a state, by it. */
const expanding = new WeakMap<BindState, ReadonlySet<number>>();

function around(state: BindState): ReadonlySet<number> {
  for (let one: object | null = state; one !== null; one = Object.getPrototypeOf(one) as object | null) {
    const known = expanding.get(one as BindState);
    if (known !== undefined) return known;
  }
  return new Set();
}

/** The state in which a view's own text is bound. 42P17 where it reads itself. */
export function viewState(view: CatalogView, state: BindState, at: number): BindState {
  const outside = around(state);
  if (outside.has(view.id))
    throw fault(
      SQLSTATE.invalid_object_definition,
      `infinite recursion detected in rules for relation "${view.name}"`,
      at === NOWHERE ? 0 : at,
    );
  const { dialect, names } = view.query;
  const inside = storedState(state, dialect, names, view.securityInvoker ? null : view.owner);
  expanding.set(inside, new Set([...outside, view.id]));
  return inside;
}

/** The state in which a stored body is bound; `again` makes the error where it is being bound already. */
export function enterStored(inside: BindState, id: number, again: () => Error): BindState {
  const outside = around(inside);
  if (outside.has(id)) throw again();
  expanding.set(inside, new Set([...outside, id]));
  return inside;
}

/** The rows of a view. `rowIds`: the block around it locks rows. */
export function bindView(view: CatalogView, state: BindState, rowIds: boolean, at: number): BoundBlock {
  const inside = viewState(view, state, at);
  return bindBlock(viewQuery(view), { state: inside, outer: null, ctes: null, rowIds, keepsUnknown: false });
}
