/** Errors that are raised in more than one place of the binder, worded as PostgreSQL words them. Positions are token ordinals. */

import type { CatalogRelation } from '../../catalog/objects.ts';
import { shownType } from '../../sblr/resolve-type.ts';
import type { DialectSemantics } from '../../sblr/semantics.ts';
import type { SqlType, TypeName } from '../../sblr/types.ts';
import { SQLSTATE, SqlError, type SqlState } from '../../../shm/errors.ts';

/** An error with a position. */
export const fault = (code: SqlState, message: string, at: number | undefined, hint?: string): SqlError =>
  new SqlError(code, message, { position: at, hint });

export const unsupported = (what: string, at: number, hint?: string): SqlError =>
  fault(SQLSTATE.feature_not_supported, `${what} not supported`, at, hint);

export const noColumn = (name: string, at: number, hint?: string): SqlError =>
  fault(SQLSTATE.undefined_column, `column ${name} does not exist`, at, hint);

/** Of a change: INSERT (x), SET x. */
export const noColumnOf = (column: string, relation: string, at: number): SqlError =>
  fault(SQLSTATE.undefined_column, `column "${column}" of relation "${relation}" does not exist`, at);

/** SET (a, b) = (...). */
export const otherNumber = (at: number): SqlError =>
  fault(SQLSTATE.syntax_error, 'number of columns does not match number of values', at);

export const noRelation = (name: string, at: number): SqlError =>
  fault(SQLSTATE.undefined_table, `relation "${name}" does not exist`, at);

export const permissionDenied = (relation: CatalogRelation): SqlError =>
  fault(
    SQLSTATE.insufficient_privilege,
    `permission denied for ${relation.kind === 'sequence' || relation.kind === 'view' ? relation.kind : 'table'} ${relation.name}`,
    undefined,
  );

export const ambiguousParameter = (
  number: number,
  known: SqlType,
  wanted: SqlType,
  semantics: DialectSemantics,
  at: number | undefined,
): SqlError =>
  fault(
    SQLSTATE.ambiguous_parameter,
    `inconsistent types deduced for parameter $${number}`,
    at,
    `${shownType(known.name, semantics)} versus ${shownType(wanted.name, semantics)}`,
  );

const EXPLICIT_HINT = 'You might need to add explicit type casts.';

export const noOperator = (name: string, types: readonly TypeName[], semantics: DialectSemantics, at: number): SqlError =>
  fault(
    SQLSTATE.undefined_function,
    `operator does not exist: ${operatorText(name, types, semantics)}`,
    at,
    `No operator matches the given name and argument types. ${EXPLICIT_HINT}`,
  );

export const ambiguousOperator = (name: string, types: readonly TypeName[], semantics: DialectSemantics, at: number): SqlError =>
  fault(
    SQLSTATE.ambiguous_function,
    `operator is not unique: ${operatorText(name, types, semantics)}`,
    at,
    `Could not choose a best candidate operator. ${EXPLICIT_HINT}`,
  );

function operatorText(name: string, types: readonly TypeName[], semantics: DialectSemantics): string {
  const shown = types.map((type) => shownType(type, semantics));
  return shown.length === 1 ? `${name} ${shown[0]}` : `${shown[0]} ${name} ${shown[1]}`;
}

const functionText = (name: string, types: readonly TypeName[], semantics: DialectSemantics): string =>
  `function ${name}(${types.map((type) => shownType(type, semantics)).join(', ')})`;

export const noFunction = (name: string, types: readonly TypeName[], semantics: DialectSemantics, at: number): SqlError =>
  fault(
    SQLSTATE.undefined_function,
    `${functionText(name, types, semantics)} does not exist`,
    at,
    `No function matches the given name and argument types. ${EXPLICIT_HINT}`,
  );

export const ambiguousFunction = (name: string, types: readonly TypeName[], semantics: DialectSemantics, at: number): SqlError =>
  fault(
    SQLSTATE.ambiguous_function,
    `${functionText(name, types, semantics)} is not unique`,
    at,
    `Could not choose a best candidate function. ${EXPLICIT_HINT}`,
  );

export const typesDoNotMatch = (
  what: string,
  left: TypeName,
  right: TypeName,
  semantics: DialectSemantics,
  at: number,
): SqlError =>
  fault(
    SQLSTATE.datatype_mismatch,
    `${what} types ${shownType(left, semantics)} and ${shownType(right, semantics)} cannot be matched`,
    at,
  );

export const cannotCast = (from: TypeName, to: TypeName, semantics: DialectSemantics, at: number): SqlError =>
  fault(SQLSTATE.cannot_coerce, `cannot cast type ${shownType(from, semantics)} to ${shownType(to, semantics)}`, at);

export const mustBeType = (what: string, wanted: TypeName, given: TypeName, semantics: DialectSemantics, at: number): SqlError =>
  fault(
    SQLSTATE.datatype_mismatch,
    `argument of ${what} must be type ${shownType(wanted, semantics)}, not type ${shownType(given, semantics)}`,
    at,
  );
