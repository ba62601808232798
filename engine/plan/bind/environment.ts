/** What the binder is told besides the statement itself. */

import type { CatalogReader } from '../../catalog/objects.ts';
import type { DialectSemantics } from '../../sblr/semantics.ts';
import type { SqlType } from '../../sblr/types.ts';
import type { BindNotes } from './notes.ts';

/**
 * A literal that the normaliser lifted out: its class (int4, int8, numeric; `unknown` for strings), and its text, which is read only
 * where a literal's value has a say in what the statement means (positions, equal expressions of GROUP BY): those are named in
 * BoundModule.shaping, and their values join the key of the cache (SBLR-N2).
 */
export interface LiftedLiteral {
  readonly type: SqlType;
  readonly text: string;
}

export interface BindEnvironment {
  readonly catalog: CatalogReader;
  readonly semantics: DialectSemantics;
  /** The semantics under which a stored expression was written, by the name of its dialect. */
  readonly semanticsOf: (dialect: string) => DialectSemantics;
  /** Types the client gave; null or left out: inferred (42P18 when they cannot be). */
  readonly parameterTypes: readonly (SqlType | null)[];
  /** No parameter of the statement has a number beyond them: it has been verified. */
  readonly hasAllParameters?: boolean;
  /** By LITERAL number. */
  readonly literals: readonly LiftedLiteral[];
  /** Unknown operands are resolved by the dialect's algorithm (dialects.md C1). */
  readonly policy: 'infer';
}

/** A column that a CHECK, DEFAULT or index expression may name; in the bound expression its column id is `attribute`. */
export interface ExpressionColumn {
  readonly name: string;
  readonly attribute: number;
  readonly type: SqlType;
}

export interface ExpressionEnvironment {
  readonly semantics: DialectSemantics;
  /** Name by which columns may be qualified. */
  readonly table: string;
  readonly columns: readonly ExpressionColumn[];
  /**
   * check: becomes boolean; default: no columns, becomes `target`; index: immutable only (42P17); value: becomes `target`, over columns;
   * generated: the same, immutable only.
   */
  readonly purpose: 'check' | 'default' | 'index' | 'value' | 'generated';
  /** Type of the column that a DEFAULT is for (assignment cast, 42804); null: the expression's own. */
  readonly target: SqlType | null;
  /** Where routines are found; left out: there are none. */
  readonly catalog?: CatalogReader;
  /** Is told what is made of the parts; left out: nobody asks. */
  readonly notes?: BindNotes;
}

/** What a reader says of types that users have made, for one that is put together of another. */
export const madeTypesOf = (
  catalog: CatalogReader,
): Required<Pick<CatalogReader, 'findType' | 'attributes' | 'domain' | 'userType' | 'typeVersion'>> => ({
  findType: (schema, name) => catalog.findType?.(schema, name) ?? null,
  attributes: (id) => catalog.attributes?.(id) ?? null,
  domain: (id) => catalog.domain?.(id) ?? null,
  userType: (id) => catalog.userType?.(id) ?? null,
  typeVersion: (id) => catalog.typeVersion?.(id),
});
