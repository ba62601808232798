/**
 * WITH: queries under names, for the query behind them and for one another: those further down see those further up; with RECURSIVE all
 * see all, and one that reads itself is a recursion (recursion.ts).
 */

import type { BoundRelation, ColumnId, OutputColumn } from '../../sblr/bound.ts';
import type { BoundChange, BoundWith } from '../../sblr/bound-relations.ts';
import { foldName } from '../../sblr/resolve-type.ts';
import type { SourceCte, SourceQuery, SourceStatement, SourceTableRefNode, SourceWith } from '../../sblr/source.gen.ts';
import type { SqlType } from '../../sblr/types.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { fault, unsupported } from './errors.ts';
import type { BoundFrom } from './from.ts';
import { type BoundBlock, bindBlock, type QueryPlace } from './query.ts';
import { bindInsert } from './insert.ts';
import { bindDelete, bindUpdate } from './update.ts';
import { bindRecursion } from './recursion.ts';
import { inOrderOfUse, namesRead } from './recursion-form.ts';
import type { ScopeRelation } from './scope.ts';
import type { BindState } from './state.ts';
import { aliasNames } from './tables.ts';

/** A column of a relation of WITH. */
export interface CteColumn {
  readonly name: string;
  readonly source: ColumnId;
  readonly type: SqlType;
  readonly table: number;
  readonly attribute: number;
}

/** What a name of WITH stands for; 'later': it is known, and may not be read yet. */
export type CteEntry =
  | {
      readonly kind: 'cte';
      readonly name: string;
      readonly cte: number;
      readonly columns: readonly CteColumn[];
      used: boolean;
      /** It changes rows, and has no RETURNING. */
      readonly returnsNothing?: boolean;
    }
  | { readonly kind: 'work'; readonly name: string; readonly work: number; readonly columns: readonly CteColumn[] }
  | { readonly kind: 'later'; readonly name: string };

export type ReadableCte = Exclude<CteEntry, { kind: 'later' }>;

/** The WITHs that are seen, the innermost first. */
export interface CteScope {
  readonly entries: readonly CteEntry[];
  readonly outer: CteScope | null;
}

/** The entry that a bare name finds. */
export function findCte(name: string, ctes: CteScope | null | undefined): ReadableCte | null {
  for (let scope = ctes ?? null; scope !== null; scope = scope.outer) {
    const found = scope.entries.find((entry): entry is ReadableCte => entry.name === name && entry.kind !== 'later');
    if (found !== undefined) return found;
  }
  return null;
}

/** A WITH further down has the name: said when nothing else has. 42P01 */
export function mustNotBeLater(name: string, ctes: CteScope | null | undefined, at: number): void {
  for (let scope = ctes ?? null; scope !== null; scope = scope.outer) {
    if (!scope.entries.some((entry) => entry.name === name && entry.kind === 'later')) continue;
    throw new SqlError(SQLSTATE.undefined_table, `relation "${name}" does not exist`, {
      position: at,
      detail: `There is a WITH item named "${name}", but it cannot be referenced from this part of the query.`,
      hint: 'Use WITH RECURSIVE, or re-order the WITH items to remove forward references.',
    });
  }
}

/** FROM name, where the name is one of WITH's. */
export function cteReference(source: SourceTableRefNode, entry: ReadableCte, state: BindState): BoundFrom {
  if (source.sample !== null)
    throw fault(SQLSTATE.wrong_object_type, 'TABLESAMPLE clause can only be applied to tables and materialized views', source.at);
  const { name: alias, columns: renamed } = aliasNames(source.alias, entry.name, entry.columns.length, state);
  const columns = entry.columns.map((column) => ({ ...column, column: state.newColumn() }));
  const uses = columns.map(({ column, source: from, type }) => ({ column, source: from, type }));
  const relation: BoundRelation =
    entry.kind === 'cte'
      ? { op: 'cteRef', cte: entry.cte, alias, columns: uses }
      : { op: 'workTable', work: entry.work, alias, columns: uses };
  if (entry.kind === 'cte' && entry.returnsNothing === true)
    throw fault(SQLSTATE.feature_not_supported, `WITH query "${entry.name}" does not have a RETURNING clause`, source.at);
  if (entry.kind === 'cte') entry.used = true;
  const names: ScopeRelation = {
    alias,
    schema: null,
    name: entry.name,
    columns: columns.map(({ name, column, type, table, attribute }, index) => ({
      ...{ name: renamed[index] ?? name, column, type, table, attribute },
    })),
    onRead: () => {},
    isRecursive: entry.kind === 'work',
  };
  return { relation, names: [names], locks: [{ alias, kind: 'with', gets: [], nullable: false }] };
}

/** Names of a query's columns, as the item of WITH gives them. 42P10 */
export function cteColumns(source: SourceCte, name: string, output: readonly OutputColumn[]): CteColumn[] {
  if (source.columns.length > output.length)
    throw fault(
      SQLSTATE.invalid_column_reference,
      `WITH query "${name}" has ${output.length} columns available but ${source.columns.length} columns specified`,
      source.at,
    );
  return output.map(({ name: own, column, type, table, attribute }, index) => ({
    ...{ name: source.columns[index] ?? own, source: column, type, table, attribute },
  }));
}

/** 0A000 for one that does not stand at the top of its statement. */
function bindChange(source: SourceStatement, around: QueryPlace, place: QueryPlace): BoundChange['statement'] {
  if (around.outer !== null || around.ctes !== null)
    throw fault(
      SQLSTATE.feature_not_supported,
      'WITH clause containing a data-modifying statement must be at the top level',
      source.at,
    );
  switch (source.op) {
    case 'insert':
      return bindInsert(source, place.state, place);
    case 'update':
      return bindUpdate(source, place.state, place);
    case 'delete':
      return bindDelete(source, place.state, place);
    case 'merge':
      throw unsupported('MERGE in WITH is', source.at);
    default:
      throw unsupported(`${source.op} in WITH is`, source.at);
  }
}

const isQuery = (statement: SourceStatement | SourceQuery): statement is SourceQuery =>
  statement.op === 'select' || statement.op === 'setOperation' || statement.op === 'values';

/** What a WITH adds: where what stands behind it stands, and the relation around that. */
export interface BoundCtes {
  readonly place: QueryPlace;
  readonly around: (input: BoundRelation) => BoundRelation;
}

class WithBinder {
  private readonly place: QueryPlace;
  private readonly entries: CteEntry[];
  private readonly definitions: (BoundWith['definitions'][number] & { readonly entry: CteEntry & { kind: 'cte' } })[] = [];

  constructor(names: readonly string[], place: QueryPlace) {
    this.place = place;
    this.entries = names.map((name) => ({ kind: 'later', name }));
  }

  private inside(entries: readonly CteEntry[]): QueryPlace {
    const { outer, state } = this.place;
    return { state, outer, rowIds: false, keepsUnknown: false, ctes: { entries, outer: this.place.ctes } };
  }

  item(source: SourceCte, index: number, recursive: boolean): void {
    const { statement } = source;
    const { name } = this.entries[index];
    const here = this.inside(this.entries);
    if (!isQuery(statement)) {
      this.change(source, index, bindChange(statement, this.place, here));
      return;
    }
    const block: Pick<BoundBlock, 'root' | 'output'> =
      recursive && namesRead(statement, this.place.state.semantics).has(name)
        ? bindRecursion({ source, name, query: statement }, (own) =>
            own === null ? here : this.inside(this.entries.map((entry) => (entry.name === name ? own : entry))),
          )
        : bindBlock(statement, here);
    const cte = this.place.state.newCte();
    const entry = { kind: 'cte' as const, name, cte, columns: cteColumns(source, name, block.output), used: false };
    this.entries[index] = entry;
    this.definitions.push({ cte, name, relation: block.root, materialized: source.materialized, entry });
  }

  /** A statement that changes rows is run whether it is read or not. */
  private change(source: SourceCte, index: number, statement: BoundChange['statement']): void {
    const { name } = this.entries[index];
    const cte = this.place.state.newCte();
    const columns = cteColumns(source, name, statement.output);
    const entry = { kind: 'cte' as const, name, cte, columns, used: true, returnsNothing: columns.length === 0 };
    this.entries[index] = entry;
    this.definitions.push({ cte, name, relation: { op: 'change', statement }, materialized: 'yes', entry });
  }

  /** Those that nothing reads are not run. */
  finish(): BoundCtes {
    const around = (input: BoundRelation): BoundRelation => {
      const definitions = this.definitions.filter(({ entry }) => entry.used).map(({ entry: _, ...definition }) => definition);
      return definitions.length === 0 ? input : { op: 'with', definitions, input };
    };
    return { place: { ...this.place, ctes: { entries: this.entries, outer: this.place.ctes } }, around };
  }
}

/** Binds the items of a WITH. 42712, 42P19 */
export function bindWith(source: SourceWith, place: QueryPlace): BoundCtes {
  const { semantics } = place.state;
  const names = source.items.map((item) => foldName(item.name, item.quoted, semantics));
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0)
    throw fault(SQLSTATE.duplicate_alias, `WITH query name "${names[twice]}" specified more than once`, source.items[twice].at);
  const binder = new WithBinder(names, place);
  const order = source.recursive ? inOrderOfUse(source.items, names, semantics) : source.items.map((_, index) => index);
  for (const index of order) binder.item(source.items[index], index, source.recursive);
  return binder.finish();
}
