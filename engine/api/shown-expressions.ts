/** Expressions of the catalog as their dialect shows them: bound once more, and put into words by the dialect (plugins/contract/shown.ts). */

import type { Dialect } from '../../plugins/contract/contract.ts';
import { SqlError } from '../../shm/errors.ts';
import type { StoredExpression } from '../catalog/objects.ts';
import type { SessionReader } from '../catalog/reader.ts';
import type { ExpressionPlace, ExpressionText, ShowExpression } from '../catalog/shown.ts';
import { shownType } from '../catalog/virtual/relations.ts';
import { bindExpression } from '../plan/bind/bind.ts';
import { BindNotes } from '../plan/bind/notes.ts';
import { resolveType, type TypeFinder } from '../sblr/resolve-type.ts';
import { sqlType, type TypeName } from '../sblr/types.ts';

interface Known {
  readonly state: string;
  readonly text: ExpressionText | null;
}

/** By the stored expression, of the state of the catalog in which it was shown last. */
const known = new WeakMap<StoredExpression, Known>();

export const showsOf =
  (dialectOf: (name: string) => Dialect): ShowExpression =>
  (reader, stored, place) => {
    const state = `${reader.version} ${reader.session.role} ${reader.searchPath().join()}`;
    const found = known.get(stored);
    if (found?.state === state) return found.text;
    const text = show(reader, stored, place, dialectOf(stored.dialect));
    known.set(stored, { state, text });
    return text;
  };

function show(
  reader: SessionReader,
  { source }: StoredExpression,
  { purpose, table, type }: ExpressionPlace,
  dialect: Dialect,
): ExpressionText | null {
  if (dialect.show === undefined) return null;
  const { semantics } = dialect;
  const isOfDomain = table === null && purpose === 'check';
  const ofTable = (table?.columns ?? []).filter(({ hidden }) => hidden === null);
  const columns = ofTable.map((column) => ({ name: column.name, attribute: column.number, type: column.type }));
  const ofDomain = isOfDomain && type !== null ? [{ name: 'value', attribute: 1, type }] : [];
  const notes = new BindNotes();
  try {
    bindExpression(source, {
      ...{ semantics, catalog: reader, notes, table: table?.name ?? 'value' },
      columns: purpose === 'default' ? [] : [...columns, ...ofDomain],
      purpose: purpose === 'generated' ? 'value' : purpose,
      target: purpose === 'default' || purpose === 'generated' ? type : null,
    });
  } catch (error) {
    // It names what binding alone does not find: it is shown as it was written.
    if (error instanceof SqlError) return null;
    throw error;
  }
  const find: TypeFinder = (schema, name) => reader.findType(schema, name);
  return dialect.show(source, {
    castOf: (node) => notes.castOf(node),
    typeOf: (node) => notes.typeOf(node),
    isConverted: notes.isFitted,
    typeText: (one) => shownType(reader, typeof one === 'string' ? sqlType(one as TypeName) : resolveType(one, semantics, find)),
    isOfDomain,
  });
}
