/**
 * FROM: a tree of relations, and what names see of it. Every item gives a relation and a list of names; a join puts two lists together.
 *
 *   a join b using (x)    names: a (only qualified), b (only qualified), the join itself: x, the rest of a, the rest of b
 */

import { sequenceRelation, sequenceRowsName } from '../../catalog/virtual/registry.ts';
import { tableOidColumn } from '../../catalog/virtual/virtual-table.ts';
import type { CatalogRelation, CatalogSequence, CatalogTable, CatalogView } from '../../catalog/objects.ts';
import { type BoundGet, type BoundRelation, type ColumnId, TABLE_OID, type TableColumnUse } from '../../sblr/bound.ts';
import { foldName, foldParts } from '../../sblr/resolve-type.ts';
import { sqlType } from '../../sblr/types.ts';
import type {
  SourceFrom,
  SourceFunctionRefNode,
  SourceJoinAliasNode,
  SourceName,
  SourceQueryRefNode,
  SourceTableRefNode,
} from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { type Clause, clauseOf } from './clause.ts';
import { fault, unsupported } from './errors.ts';
import { familyRows, isFamily, tableOidScope, membersOf } from './family.ts';
import { bindJoin, starColumns } from './join.ts';
import { bindBlock, type QueryPlace } from './query.ts';
import { bindRowRef } from './row-calls.ts';
import { securedGet, visibleRows } from './row-security.ts';
import { bindFunctionRef } from './set-calls.ts';
import type { Scope, ScopeColumn, ScopeRelation } from './scope.ts';
import type { BindState } from './state.ts';
import { aliasNames, columnReader, findCatalogRelation, scopeRelation, useColumns } from './tables.ts';
import { visibleColumns } from './scope.ts';
import { bindView } from './views.ts';
import { cteReference, findCte, mustNotBeLater } from './with.ts';

/** What FOR UPDATE may name, and the stored tables behind it. */
export interface LockTarget {
  readonly alias: string;
  readonly kind: 'table' | 'virtual' | 'query' | 'join' | 'function' | 'with';
  readonly gets: readonly BoundGet[];
  /** A row may lack it: the nullable side of an outer join. */
  readonly nullable: boolean;
  /** The table that `gets` are members of, and whose rights count; left out: their own. */
  readonly of?: number;
  /** What makes rows of a query other than those of its tables. */
  readonly refused?: string | null | undefined;
}

/** An item of FROM, or all of it. */
export interface BoundFrom {
  readonly relation: BoundRelation;
  readonly names: readonly ScopeRelation[];
  readonly locks: readonly LockTarget[];
}

/** Binds the FROM of one block. */
export class FromBinder {
  readonly state: BindState;
  readonly place: QueryPlace;
  /** Every relation of the block so far. */
  readonly all: ScopeRelation[] = [];
  /** Columns that something further right has read by LATERAL. */
  private readonly read = new Set<ColumnId>();

  constructor(place: QueryPlace) {
    this.state = place.state;
    this.place = place;
  }

  scopeOver(names: readonly ScopeRelation[]): Scope {
    const { outer, ctes } = this.place;
    return { relations: names, outer, ctes, all: this.all };
  }

  clause(names: readonly ScopeRelation[], name: string): Clause {
    return clauseOf(this.state, this.scopeOver(names), name);
  }

  /** A list: items side by side, each seeing those before it by LATERAL. `left`: what else stands on their left. */
  list(sources: readonly SourceFrom[], left: readonly ScopeRelation[] = []): BoundFrom {
    let from = this.item(sources[0], left);
    for (const source of sources.slice(1)) {
      const seen = [...left, ...siblings(from.names, 'yes')];
      const { right, lateral } = this.rightSide(from.names, () => this.item(source, seen));
      mustDiffer(from.names, right.names, source.at);
      from = {
        relation: {
          op: 'join',
          kind: 'inner',
          left: from.relation,
          right: right.relation,
          condition: null,
          lateral,
          mark: -1,
        },
        names: [...from.names, ...right.names],
        locks: [...from.locks, ...right.locks],
      };
    }
    return from;
  }

  /** `left`: relations that it may read by LATERAL. */
  item(source: SourceFrom, left: readonly ScopeRelation[]): BoundFrom {
    switch (source.op) {
      case 'tableRef':
        return this.noted(this.tableRef(source));
      case 'queryRef':
        return this.noted(this.queryRef(source, left));
      case 'join':
        return bindJoin(source, this, left);
      case 'joinAlias':
        return this.noted(this.joinAlias(source, left));
      case 'functionRef':
        return this.noted(this.functionRef(source, left));
    }
  }

  private noted(from: BoundFrom): BoundFrom {
    this.all.push(...from.names);
    return from;
  }

  /** The right side of a join; lateral: something in it reads columns of these relations. */
  rightSide(left: readonly ScopeRelation[], bind: () => BoundFrom): { readonly right: BoundFrom; readonly lateral: boolean } {
    // What was read before, by relations further left, says nothing of this one.
    const before = [...this.read];
    this.read.clear();
    const right = bind();
    const lateral = this.read.size > 0 && left.some(({ columns }) => columns.some(({ column }) => this.read.has(column)));
    for (const column of before) this.read.add(column);
    return { right, lateral };
  }

  private stored(source: SourceName, name: string): CatalogRelation {
    try {
      return findCatalogRelation(source, this.state);
    } catch (error) {
      if (source.parts.length === 1) mustNotBeLater(name, this.place.ctes, source.at);
      throw error;
    }
  }

  private tableRef(source: SourceTableRefNode): BoundFrom {
    const { state } = this;
    if (source.sample !== null) throw unsupported('TABLESAMPLE is', source.sample.at);
    const parts = foldParts(source.name, state.semantics);
    const cte = parts.length === 1 ? findCte(parts[0], this.place.ctes) : null;
    if (cte !== null) return cteReference(source, cte, state);
    const found = this.stored(source.name, parts[0]);
    if (found.kind === 'view') return this.viewRef(source, found);
    if (found.kind === 'sequence') return this.sequenceRef(source, found);
    const visible = visibleColumns(found);
    const { name: alias, columns: renamed } = aliasNames(source.alias, found.name, visible.length, state);
    state.use(found, 'select', []);
    const columns = useColumns(state, visible);
    const names = [scopeRelation(found, alias, columns, renamed, () => {}, columnReader(found, state))];
    const lock = { alias, nullable: false } as const;
    if (found.kind === 'virtual') {
      const own = tableOidColumn(found);
      const [use] = useColumns(state, [own]);
      const system = [{ name: own.name, column: use.column, type: use.type, table: found.id, attribute: own.number }];
      const all = [...columns, use];
      const relation: BoundRelation = { op: 'virtual', name: `${found.schema}.${found.name}`, alias, columns: all };
      const named = names.map((one) => ({ ...one, system: () => system }));
      return { relation, names: named, locks: [{ ...lock, kind: 'virtual', gets: [] }] };
    }
    if (isFamily(found) && !source.only) return this.familyRef(found, alias, columns, names[0]);
    const rowId = this.place.rowIds ? state.newColumn() : -1;
    const own = [...columns];
    const get: BoundGet = { op: 'get', table: found.id, alias, columns: own, rowId };
    const relation = securedGet(get, found, state);
    const named = names.map((one) => ({ ...one, system: storedSystem(found, own, state) }));
    return { relation, names: named, locks: [{ ...lock, kind: 'table', gets: [get] }] };
  }

  /** A table with those that inherit from it; policies are its own. */
  private familyRef(table: CatalogTable, alias: string, columns: readonly TableColumnUse[], name: ScopeRelation): BoundFrom {
    const { state } = this;
    const wishes = { rowId: -1, extras: false, locks: this.place.rowIds };
    const members = membersOf(table, state);
    const { relation: all, tableOid, lockIds } = familyRows(table, members, alias, columns, state, wishes);
    const condition = visibleRows(table, columns, ['select'], state);
    const relation: BoundRelation = condition === null ? all : { op: 'filter', input: all, condition };
    const system = [tableOidScope(table, tableOid)];
    const gets = members.flatMap(({ id }): BoundGet[] => {
      const rowId = lockIds.get(id);
      return rowId === undefined ? [] : [{ op: 'get', table: id, alias, columns, rowId }];
    });
    const lock: LockTarget = { alias, nullable: false, kind: 'table', gets, of: table.id };
    return { relation, names: [{ ...name, system: (own) => (own === 'tableoid' ? system : []) }], locks: [lock] };
  }

  /** Its state, as one row. */
  private sequenceRef(source: SourceTableRefNode, sequence: CatalogSequence): BoundFrom {
    const { state } = this;
    state.use(sequence, 'select');
    const shown = sequenceRelation(sequence);
    const { name: alias, columns: renamed } = aliasNames(source.alias, sequence.name, shown.columns.length, state);
    const columns = useColumns(state, shown.columns);
    const names = [scopeRelation(shown, alias, columns, renamed, () => {})];
    const relation: BoundRelation = { op: 'virtual', name: sequenceRowsName(sequence.id), alias, columns };
    return { relation, names, locks: [{ alias, nullable: false, kind: 'virtual', gets: [] }] };
  }

  private viewRef(source: SourceTableRefNode, view: CatalogView): BoundFrom {
    const { state } = this;
    state.use(view, 'select', []);
    const reads = columnReader(view, state);
    const { root, output, locks, notLocked } = bindView(view, state, this.place.rowIds, source.at);
    const { name: alias, columns: renamed } = aliasNames(source.alias, view.name, view.columns.length, state);
    const columns = view.columns.map(({ name, number }, index) => {
      const { column, type } = output[number - 1];
      const seen: ScopeColumn = { name: renamed[index] ?? name, column, type, table: view.id, attribute: number };
      return reads === undefined ? seen : { ...seen, mayRead: reads(number) };
    });
    const schema = alias === view.name ? view.schema : null;
    const relation: ScopeRelation = { alias, schema, name: view.name, columns, onRead: () => {} };
    const gets = locks.flatMap((lock) => lock.gets);
    const refused = notLocked ?? locks.find((lock) => lock.refused)?.refused;
    const nullable = locks.some((lock) => lock.nullable);
    return { relation: root, names: [relation], locks: [{ alias, kind: 'query', gets, nullable, refused }] };
  }

  /** Where a query in FROM stands. */
  placeOf(left: readonly ScopeRelation[], lateral: boolean): QueryPlace {
    return {
      ...this.place,
      keepsUnknown: false,
      outer: {
        clause: this.clause(left, 'FROM clause of their own query level'),
        lateral,
        enter: (column: ScopeColumn) => {
          this.read.add(column.column);
          return column;
        },
        entries: [],
        origin: (column: ColumnId) => column,
      },
    };
  }

  /** A join under a name: its columns are those that a bare * would show. */
  private joinAlias({ join, alias: source }: SourceJoinAliasNode, left: readonly ScopeRelation[]): BoundFrom {
    const { relation, names, locks } = this.item(join, left);
    const shown = starColumns(names);
    const { name: alias, columns: renamed } = aliasNames(source, '', shown.length, this.state, 'join expression');
    const columns = shown.map((column, index) => ({ ...column, name: renamed[index] ?? column.name }));
    return {
      relation,
      names: [{ alias, schema: null, name: alias, columns, onRead: () => {} }],
      // FOR UPDATE OF finds what is inside by its own name.
      locks: [{ alias, kind: 'join', gets: [], nullable: false }, ...locks],
    };
  }

  private queryRef(source: SourceQueryRefNode, left: readonly ScopeRelation[]): BoundFrom {
    const { state } = this;
    const { root, output, locks, notLocked } = bindBlock(source.query, this.placeOf(left, source.lateral));
    const { name: alias, columns: renamed } = aliasNames(source.alias, 'unnamed_subquery', output.length, state);
    const columns = output.map(({ name, column, type, table, attribute }, index) => ({
      ...{ name: renamed[index] ?? name, column, type, table, attribute },
    }));
    const relation: ScopeRelation = {
      alias,
      schema: null,
      name: alias,
      columns,
      onRead: () => {},
      unnamed: source.alias === null,
    };
    const gets = locks.flatMap((lock) => lock.gets);
    const refused = notLocked ?? locks.find((lock) => lock.refused)?.refused;
    const nullable = locks.some((lock) => lock.nullable);
    return { relation: root, names: [relation], locks: [{ alias, kind: 'query', gets, nullable, refused }] };
  }

  /** A function sees what stands further left without being told to. */
  private functionRef(source: SourceFunctionRefNode, left: readonly ScopeRelation[]): BoundFrom {
    const { outer, ctes } = this.placeOf(left, true);
    const scope: Scope = { relations: [], outer, ctes };
    const clause = clauseOf(this.state, scope, 'functions in FROM');
    return bindRowRef(source, clause) ?? bindFunctionRef(source, clause);
  }

  folded(name: string, quoted: boolean): string {
    return foldName(name, quoted, this.state.semantics);
  }
}

/** tableoid of a table alone: read from its rows once it is asked for. */
export function storedSystem(
  table: CatalogTable,
  columns: TableColumnUse[],
  state: BindState,
): (name: string) => readonly ScopeColumn[] {
  return (name) => {
    if (name !== 'tableoid') return [];
    let use = columns.find(({ attribute }) => attribute === TABLE_OID);
    if (use === undefined) columns.push((use = { column: state.newColumn(), attribute: TABLE_OID, type: sqlType('oid', false) }));
    return [tableOidScope(table, use.column)];
  };
}

/** Names as what stands further right sees them. */
export const siblings = (names: readonly ScopeRelation[], lateral: 'yes' | 'no'): ScopeRelation[] =>
  names.map((relation) => ({ ...relation, lateral }));

/** Two relations of one FROM have different names, unless they are tables of different schemas. 42712 */
export function mustDiffer(left: readonly ScopeRelation[], right: readonly ScopeRelation[], at: number): void {
  for (const one of right) {
    if (one.unnamed) continue;
    const same = left.find(({ alias, unnamed }) => alias === one.alias && unnamed !== true);
    if (same === undefined || (same.schema !== null && one.schema !== null && same.schema !== one.schema)) continue;
    throw fault(SQLSTATE.duplicate_alias, `table name "${one.alias}" specified more than once`, at);
  }
}
