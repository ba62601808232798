/** What definitions are checked against, and helpers that all of them use. */

import { SQLSTATE, SqlError, type SqlErrorDetails } from '../../../shm/errors.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import type { CatalogSession, QualifiedName } from '../../catalog/definitions.ts';
import type { CatalogRoutine, CatalogTable, StoredExpression } from '../../catalog/objects.ts';
import { quoteName } from '../../catalog/virtual/describe.ts';
import type { SessionReader } from '../../catalog/reader.ts';
import type { BoundModule } from '../../sblr/bound.ts';
import { foldParts } from '../../sblr/resolve-type.ts';
import type { DialectSemantics } from '../../sblr/semantics.ts';
import type {
  SourceCallNode,
  SourceExpression,
  SourceName,
  SourceQuery,
  SourceStatement,
  SourceType,
} from '../../sblr/source.gen.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { routinesCalled } from '../bind/routines.ts';
import type { Transaction } from '../../txn/transactions.ts';

export interface DefinitionEnvironment {
  readonly catalog: Catalog;
  readonly tx: Transaction;
  readonly session: CatalogSession;
  readonly semantics: DialectSemantics;
  /** Semantics of the dialect in which a stored expression was written. */
  readonly semanticsOf: (dialect: string) => DialectSemantics;
  /** Canonical text of an expression or query (Dialect.render). */
  readonly textOf: (source: SourceExpression | SourceQuery | SourceStatement | SourceType) => string;
  /** While a table is made: names of its generated columns. */
  readonly generatedColumns?: ReadonlySet<string>;
  /** Canonical text in the dialect of a stored expression. */
  readonly textIn: (dialect: string, source: SourceExpression) => string;
  /** The statements of a text of the dialect. */
  readonly parse: (text: string) => readonly (SourceStatement | SourceQuery)[];
  /**
   * Runs a statement of the engine's own in the transaction: filling a column, looking for rows. Returns its rows; `tableOf` gives the
   * tables of ids that the catalog does not have.
   */
  readonly run: (module: BoundModule, tableOf?: (id: number) => CatalogTable | null) => readonly (readonly RowValue[])[];
  /** Verifiers of a password, one a kind of exchange. */
  readonly verifiersOf: (password: string) => { readonly [kind: string]: string };
  /** Gives expressions of a new index their values in every row of a table. */
  readonly fillHidden: (table: CatalogTable, attributes: readonly number[]) => void;
  /** The same for a statement that changes rows: how many. */
  readonly change: (module: BoundModule) => number;
  /** Sessions of clients in the database of this name, this one aside. */
  readonly sessionsIn: (database: string) => number;
  /** While an extension is made: its id. */
  readonly extension?: number;
  /** Rows of a query of the engine's own, as the superuser reads them. */
  readonly sql: (text: string) => readonly (readonly RowValue[])[];
}

export const readerOf = ({ catalog, tx, session }: DefinitionEnvironment): SessionReader => catalog.reader(tx, session);

/** An error at a token. */
export const fault = (code: string, message: string, at: number, details: SqlErrorDetails = {}): SqlError =>
  new SqlError(code, message, { ...details, position: at });

export const unsupported = (what: string, at: number, hint?: string): SqlError =>
  fault(SQLSTATE.feature_not_supported, `${what} not supported`, at, { hint });

/** A name of one or two parts. 0A000 for more. */
export function qualified(name: SourceName, semantics: DialectSemantics): QualifiedName {
  const parts = foldParts(name, semantics);
  if (parts.length > 2) throw unsupported(`cross-database references are`, name.at);
  return { schema: parts.length === 2 ? parts[0] : null, name: parts[parts.length - 1] };
}

export const shownName = ({ schema, name }: QualifiedName): string => (schema === null ? name : `${schema}.${name}`);

export function storedExpression(source: SourceExpression, environment: DefinitionEnvironment): StoredExpression {
  const { semantics, textOf } = environment;
  const called = routinesCalled(source, readerOf(environment), semantics);
  const stored = { dialect: semantics.dialect, text: textOf(source), source };
  if (called.length === 0) return stored;
  return { ...stored, source: withSchemas(source, called, environment), routines: [...new Set(called.map(({ id }) => id))] };
}

/** A condition for a query of the engine's own, which has no search path. */
export const conditionText = (
  { text, dialect, source, routines }: StoredExpression,
  environment: DefinitionEnvironment,
): string => (routines === undefined ? text : environment.textIn(dialect, source));

/** Calls of these functions with their schemas: what they mean hangs on no search path. */
function withSchemas<Node>(node: Node, called: readonly CatalogRoutine[], environment: DefinitionEnvironment): Node {
  if (Array.isArray(node)) return node.map((one) => withSchemas(one, called, environment)) as Node;
  if (typeof node !== 'object' || node === null) return node;
  const inner = Object.entries(node).map(([key, value]) => [key, withSchemas(value, called, environment)]);
  const copy = Object.fromEntries(inner) as Node;
  if ((node as { op?: string }).op !== 'call') return copy;
  const { name } = node as unknown as SourceCallNode;
  const [own] = foldParts(name, environment.semantics);
  const routine = name.parts.length > 1 ? undefined : called.find((one) => one.name === own);
  if (routine === undefined) return copy;
  return {
    ...copy,
    name: { ...name, parts: [routine.schema, own], quoted: [routine.schema, own].map((one) => quoteName(one) !== one) },
  };
}

/** The first value that comes a second time. */
export function repeated(values: readonly string[]): string | undefined {
  return values.find((value, at) => values.indexOf(value) !== at);
}
