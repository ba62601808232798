/** Rows of the catalog's tables, and the objects that they stand for (system-tables.ts has the layouts). */

import type { IntervalValue, RowValue } from '../storage/rows/row-value.ts';
import type { Grants } from './grants.ts';
import type { EnumLabel, RowAttribute, UserType } from '../values/user-types.ts';
import type {
  CatalogCheck,
  CatalogColumn,
  CatalogDomain,
  CatalogForeignKey,
  CatalogIndex,
  CatalogPartitioning,
  CatalogPolicy,
  CatalogReferrer,
  CatalogRoutine,
  CatalogSequence,
  CatalogTable,
  CatalogView,
  ObjectUse,
  PartitionBound,
  RangeEnd,
  RowSecurityState,
  StatisticsKey,
  StatisticsKind,
  StoredQuery,
  TableStatistics,
} from './objects.ts';

/** Rights on single columns, by attribute. */
export type ColumnGrants = { readonly [attribute: string]: Grants };

/** COMMENT ON: by 'self', 'column:2', 'constraint:name'. */
export type Comments = { readonly [part: string]: string };

export interface TableBody {
  readonly owner: number;
  readonly persistence: CatalogTable['persistence'];
  readonly kernelTable: number;
  readonly columns: readonly CatalogColumn[];
  readonly indexes: readonly CatalogIndex[];
  readonly checks: readonly CatalogCheck[];
  readonly onCommit: 'preserve' | 'delete' | 'drop';
  readonly grants: Grants | null;
  /** Of single columns, by attribute. */
  readonly columnGrants?: ColumnGrants;
  readonly foreignKeys?: readonly CatalogForeignKey[];
  readonly referrers?: readonly CatalogReferrer[];
  readonly comments?: Comments;
  /** The next attribute number, where columns have gone. */
  readonly nextAttribute?: number;
  /** WITH (...), as written. */
  readonly options?: { readonly [name: string]: string };
  readonly rowSecurity?: RowSecurityState;
  readonly policies?: readonly CatalogPolicy[];
  readonly partitioning?: CatalogPartitioning;
  readonly bound?: StoredBound;
  readonly parents?: readonly number[];
  readonly children?: readonly number[];
}

/** A bound as JSON has it. */
export type StoredBound =
  | { readonly kind: 'default' }
  | { readonly kind: 'list'; readonly values: readonly StoredValue[] }
  | { readonly kind: 'range'; readonly from: readonly StoredEnd[]; readonly to: readonly StoredEnd[] }
  | { readonly kind: 'hash'; readonly modulus: number; readonly remainder: number };
type StoredEnd = 'minimum' | 'maximum' | { readonly value: StoredValue };

export interface ViewBody {
  readonly owner: number;
  readonly persistence: CatalogView['persistence'];
  readonly columns: readonly CatalogColumn[];
  readonly query: StoredQuery;
  readonly check: CatalogView['check'];
  readonly options: { readonly [name: string]: string };
  readonly uses: readonly ObjectUse[];
  readonly grants: Grants | null;
  readonly columnGrants?: ColumnGrants;
  readonly comments?: Comments;
}

/** A function or procedure in SQL. */
export interface RoutineBody {
  readonly owner: number;
  /** Name with the types of its arguments, as messages show it: f(integer, text). */
  readonly shown: string;
  readonly routine: CatalogRoutine;
  /** The extension that it came with; left out: none. */
  readonly extension?: number;
  readonly uses: readonly ObjectUse[];
  readonly grants: Grants | null;
  readonly comments?: Comments;
}

export interface SchemaBody {
  readonly owner: number;
  readonly grants: Grants | null;
  readonly comments?: Comments;
}

export interface SequenceBody {
  readonly owner: number;
  readonly persistence: CatalogTable['persistence'];
  readonly page: number;
  /** Its id in sys.tables. */
  readonly kernel: number;
  readonly type: CatalogSequence['type'];
  readonly start: string;
  readonly increment: string;
  readonly minimum: string;
  readonly maximum: string;
  readonly cache: number;
  readonly cycle: boolean;
  readonly ownerAttribute: number;
  readonly grants: Grants | null;
  readonly comments?: Comments;
}

interface ObjectHead {
  readonly id: number;
  /** Schema id; of temporary objects -session. */
  readonly schema: number;
  readonly name: string;
  /** Table of an index, table that owns a sequence; 0: none. */
  readonly parent: number;
  readonly version: number;
}
export interface TableRow extends ObjectHead {
  readonly kind: 'table';
  readonly body: TableBody;
}
export interface SequenceRow extends ObjectHead {
  readonly kind: 'sequence';
  readonly body: SequenceBody;
}
export interface IndexRow extends ObjectHead {
  readonly kind: 'index';
  readonly body: { readonly comments?: Comments } | null;
}
export interface ViewRow extends ObjectHead {
  readonly kind: 'view';
  readonly body: ViewBody;
}
/** A schema that somebody has made: its own schema is its database, 0 the first. */
export interface SchemaObjectRow extends ObjectHead {
  readonly kind: 'schema';
  readonly body: SchemaBody;
}
/** Its name in the catalog is that with the types of its arguments (routineKey); `parent` finds all of one name (routineParent). */
export interface RoutineRow extends ObjectHead {
  readonly kind: 'function' | 'procedure';
  readonly body: RoutineBody;
}
/** A type that somebody has made. `arrayId`: number of its array type. */
export interface TypeBody {
  readonly owner: number;
  readonly grants: Grants | null;
  readonly comments?: Comments;
  readonly arrayId: number;
  readonly form: 'enum' | 'row' | 'domain';
  /** Of an enum, in order. */
  readonly labels: readonly EnumLabel[];
  /** Of a row type. */
  readonly attributes: readonly RowAttribute[];
  /** Of a domain. */
  readonly domain: CatalogDomain | null;
}
export interface TypeRow extends ObjectHead {
  readonly kind: 'type';
  readonly body: TypeBody;
}
/** Membership of a role in another one. */
export interface Membership {
  readonly role: number;
  /** WITH ADMIN OPTION. */
  readonly admin: boolean;
  /** Who granted it; left out: the first superuser. */
  readonly grantor?: number;
}

/** What new objects of a role get (ALTER DEFAULT PRIVILEGES). */
export interface DefaultGrant {
  readonly id: number;
  /** 0: any schema. */
  readonly schema: number;
  readonly kind: string;
  readonly grants: Grants;
}

/** A role or user. Its schema is that of all roles; nobody owns it. */
export interface RoleBody {
  readonly owner: number;
  readonly grants: Grants | null;
  readonly comments?: Comments;
  readonly superuser: boolean;
  readonly login: boolean;
  readonly inherit: boolean;
  readonly createRole: boolean;
  readonly createDatabase: boolean;
  readonly replication: boolean;
  readonly bypassRowSecurity: boolean;
  /** -1: any number. */
  readonly connectionLimit: number;
  /** As written; null: for ever. */
  readonly validUntil: string | null;
  /** What passwords are checked by, a verifier a kind of exchange (dialects.md C4); none: it has no password. */
  readonly verifiers?: { readonly [kind: string]: string };
  readonly memberOf: readonly Membership[];
  /** Settings of its sessions. */
  readonly settings: { readonly [name: string]: string };
  readonly defaults: readonly DefaultGrant[];
}
export interface RoleObjectRow extends ObjectHead {
  readonly kind: 'role';
  readonly body: RoleBody;
}
/** CREATE STATISTICS. */
export interface StatisticsBody {
  readonly owner: number;
  readonly grants: null;
  readonly comments?: Comments;
  readonly kinds: readonly StatisticsKind[];
  /** Columns in the order of their attributes, then expressions. */
  readonly keys: readonly StatisticsKey[];
  /** Of the sample, and of how many common combinations are kept; -1: what the default is, 0: nothing is gathered. */
  readonly target: number;
}
/** Its name in the catalog is statisticsKey() of its own; `parent`: its table. What ANALYZE found stands with the table's statistics. */
export interface StatisticsRow extends ObjectHead {
  readonly kind: 'statistics';
  readonly body: StatisticsBody;
}
/** CREATE DATABASE: schemas of it have its number as their schema. */
export interface DatabaseBody {
  readonly owner: number;
  readonly grants: Grants | null;
  readonly comments?: Comments;
}
export interface DatabaseRow extends ObjectHead {
  readonly kind: 'database';
  readonly body: DatabaseBody;
}
/** CREATE EXTENSION, in the schema that its functions are in; they name it (RoutineBody.extension). */
export interface ExtensionBody {
  readonly owner: number;
  readonly grants: null;
  readonly comments?: Comments;
  readonly version: string;
}
/** Its name in the catalog is extensionKey() of its own. */
export interface ExtensionRow extends ObjectHead {
  readonly kind: 'extension';
  readonly body: ExtensionBody;
}
export type ObjectRow =
  | (TableRow | SequenceRow | IndexRow | ViewRow | SchemaObjectRow)
  | (RoutineRow | TypeRow | RoleObjectRow | StatisticsRow)
  | (DatabaseRow | ExtensionRow);

/** A role with nothing said of it. */
export const PLAIN_ROLE: RoleBody = {
  ...{ owner: 0, grants: null, superuser: false, login: false, inherit: true, createRole: false, createDatabase: false },
  ...{ replication: false, bypassRowSecurity: false, connectionLimit: -1, validUntil: null },
  ...{ memberOf: [], settings: {}, defaults: [] },
};

/** What values are told of a type. */
export function userTypeOf(row: TypeRow, schema: string): UserType {
  const { form, arrayId, labels, attributes, domain } = row.body;
  return { kind: form, id: row.id, arrayId, schema, name: row.name, labels, attributes, base: domain?.base.name ?? '' };
}

export interface SchemaRow {
  readonly id: number;
  readonly name: string;
  readonly owner: number;
}

export interface RoleRow extends RoleBody {
  readonly id: number;
  readonly name: string;
}

export const roleOf = ({ id, name, body }: RoleObjectRow): RoleRow => ({ ...body, id, name });

/** What finds all routines of a name: below 0, where no object is. */
export function routineParent(name: string): number {
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) | 0;
  return -(hash & 0x3fffffff) - 1;
}

/** The name of a routine's row: no relation can have it. */
export const routineKey = (name: string, types: readonly string[]): string => `\u0001${name}(${types.join(',')})`;

const STATISTICS_MARK = '\u0002';

/** The name of the row of statistics: they share names with nothing else. */
export const statisticsKey = (name: string): string => STATISTICS_MARK + name;

export const statisticsName = ({ name }: StatisticsRow): string => name.slice(STATISTICS_MARK.length);

const EXTENSION_MARK = 'extension\u0001';

export const extensionKey = (name: string): string => EXTENSION_MARK + name;

export const extensionName = ({ name }: ExtensionRow): string => name.slice(EXTENSION_MARK.length);

/** The values of an object's row. */
export const objectValues = (row: ObjectRow): RowValue[] => [
  row.id,
  row.schema,
  row.name,
  row.kind,
  row.parent,
  row.version,
  JSON.stringify(row.body),
];

export const VERSION = 5;

export function objectOf(values: readonly RowValue[]): ObjectRow {
  const [id, schema, name, kind, parent, version, body] = values;
  return { id, schema, name, kind, parent, version, body: JSON.parse(String(body)) } as ObjectRow;
}

/** The table as binder and planner read it. */
export function tableOf(row: TableRow, schema: string, statistics: TableStatistics | null): CatalogTable {
  const { owner, persistence, kernelTable, columns, indexes, checks, foreignKeys, referrers, rowSecurity, policies } = row.body;
  const { partitioning, bound, parents, children } = row.body;
  const { id, version, name } = row;
  const table: CatalogTable = {
    ...{ kind: 'table', id, version, schema, name, owner, persistence, kernelTable, columns, indexes, checks, statistics },
  };
  return {
    ...table,
    ...(foreignKeys === undefined || foreignKeys.length === 0 ? {} : { foreignKeys }),
    ...(referrers === undefined || referrers.length === 0 ? {} : { referrers }),
    ...(rowSecurity === undefined ? {} : { rowSecurity }),
    ...(policies === undefined || policies.length === 0 ? {} : { policies }),
    ...(partitioning === undefined ? {} : { partitioning }),
    ...(bound === undefined ? {} : { bound: boundOf(bound) }),
    ...(parents === undefined || parents.length === 0 ? {} : { parents }),
    ...(children === undefined || children.length === 0 ? {} : { children }),
  };
}

export function storedBound(bound: PartitionBound): StoredBound {
  const ends = (list: readonly RangeEnd[]): StoredEnd[] =>
    list.map((one) => (typeof one === 'string' ? one : { value: storeValue(one.value) }));
  if (bound.kind === 'list') return { kind: 'list', values: bound.values.map(storeValue) };
  return bound.kind === 'range' ? { kind: 'range', from: ends(bound.from), to: ends(bound.to) } : bound;
}

function boundOf(stored: StoredBound): PartitionBound {
  const ends = (list: readonly StoredEnd[]): RangeEnd[] =>
    list.map((one) => (typeof one === 'string' ? one : { value: readValue(one.value) }));
  if (stored.kind === 'list') return { kind: 'list', values: stored.values.map(readValue) };
  return stored.kind === 'range' ? { kind: 'range', from: ends(stored.from), to: ends(stored.to) } : stored;
}

export function viewOf(row: ViewRow, schema: string): CatalogView {
  const { owner, persistence, columns, query, check, options, uses } = row.body;
  const { id, version, name } = row;
  const securityInvoker = isOn(options.security_invoker);
  return { kind: 'view', id, version, schema, name, owner, persistence, columns, query, check, securityInvoker, uses };
}

/** A storage parameter that is a flag. */
const isOn = (text: string | undefined): boolean => text !== undefined && /^(true|on|yes|1)$/i.test(text);

export function sequenceOf(row: SequenceRow, schema: string): CatalogSequence {
  const { owner, page, type, start, increment, minimum, maximum, cache, cycle, ownerAttribute } = row.body;
  const { id, version, name } = row;
  return {
    kind: 'sequence',
    id,
    version,
    schema,
    name,
    owner,
    page,
    type,
    start: BigInt(start),
    increment: BigInt(increment),
    minimum: BigInt(minimum),
    maximum: BigInt(maximum),
    cache,
    cycle,
    ownerTable: row.parent,
    ownerAttribute,
  };
}

// ---- values ----

/** A value as JSON that gives it back exactly. */
export type StoredValue = null | boolean | number | string | { readonly [tag in 'n' | 'b' | 'i' | 'f']?: unknown };

export function storeValue(value: RowValue): StoredValue {
  if (typeof value === 'bigint') return { n: String(value) };
  if (typeof value === 'number') return Number.isFinite(value) ? value : { f: String(value) };
  if (value instanceof Uint8Array) return { b: Buffer.from(value).toString('base64') };
  if (value === null || typeof value !== 'object') return value;
  const { months, days, microseconds } = value as IntervalValue;
  return { i: [months, days, String(microseconds)] };
}

export function readValue(stored: StoredValue): RowValue {
  if (stored === null || typeof stored !== 'object') return stored;
  if (stored.n !== undefined) return BigInt(stored.n as string);
  if (stored.f !== undefined) return Number(stored.f);
  if (stored.b !== undefined) return new Uint8Array(Buffer.from(stored.b as string, 'base64'));
  const [months, days, text] = stored.i as [number, number, string];
  const microseconds = Number(text);
  return { months, days, microseconds: Number.isSafeInteger(microseconds) ? microseconds : BigInt(text) };
}
