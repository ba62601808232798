/** Rows as values: ROW(...), their fields, rows of tables, types of what is in them. */

import type { BoundExpression, ColumnId } from '../../sblr/bound.ts';
import { foldName, foldParts, shownType } from '../../sblr/resolve-type.ts';
import type { SourceFieldNode, SourceName, SourceRowNode } from '../../sblr/source.gen.ts';
import { isRowType, type SqlType, sqlType, typeId, type TypeName, withNullable } from '../../sblr/types.ts';
import type { RowAttribute } from '../../values/user-types.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { type Clause, columnNode } from './clause.ts';
import { callNode, castAssign, castExplicit, constantNode, settled } from './coerce.ts';
import { fault } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { findRelation, readAll, type Scope } from './scope.ts';
import type { BindState } from './state.ts';

/** A field of a row: where it stands, what it is, and its value. */
export interface RowField {
  readonly place: number;
  readonly type: SqlType;
  readonly read: BoundExpression;
}

/** Fields of ROW(...) whose types are not seen from outside: by the expression. */
const fieldsOf = new WeakMap<BoundExpression, readonly SqlType[]>();
/** Which fields of ROW(...) had no type as they stood there: they are text, and may be read as anything. */
const untypedFields = new WeakMap<BoundExpression, readonly boolean[]>();
const fieldNames = new WeakMap<BoundExpression, readonly string[]>();

export const typeOfAttribute = ({ type, length, scale, domain }: RowAttribute): SqlType => {
  const made = sqlType(type as TypeName, true, length, scale);
  return domain === undefined ? made : { ...made, domain };
};

/** ROW(a, b): types beside the values, for rows say themselves what they are. */
export function bindRow(source: SourceRowNode, clause: Clause): BoundExpression {
  const given = source.items.flatMap((item) =>
    item.op === 'star' && item.qualifier !== null ? spread(item.qualifier, clause, item.at) : [bindExpr(item, clause)],
  );
  const items = given.map((item) => settled(clause.state, item, source.at));
  const row = rowOf(items, source.at, clause.state);
  untypedFields.set(
    row,
    given.map(({ type }) => type.name === 'unknown'),
  );
  return row;
}

/** ROW(t.*): the columns of a relation. */
function spread(qualifier: SourceName, { scope, state }: Clause, at: number): BoundExpression[] {
  const { relation, enter } = findRelation(foldParts(qualifier, state.semantics), scope, at);
  readAll(relation);
  return relation.columns.map((column) => {
    const { column: id, type } = enter(column);
    return columnNode(id, type, at, state);
  });
}

/** `type`: of a table or a type; else a record. */
export function rowOf(
  items: readonly BoundExpression[],
  at: number,
  state: BindState,
  type: TypeName = 'record',
): BoundExpression {
  const names = items.map(({ type: own }) => own.name).join(' ');
  const args = [constantNode(state, names, sqlType('text'), at), ...items];
  const node = callNode(state, 'record.make', args, type, undefined, at);
  const row: BoundExpression = { ...node, type: withNullable(node.type, false) };
  state.positions.set(row, at);
  fieldsOf.set(
    row,
    items.map((item) => item.type),
  );
  return row;
}

/** Attributes of a row type, or null for a row without a type. */
export function attributesOfType(type: TypeName, state: BindState): readonly RowAttribute[] | null {
  if (type === 'record') return null;
  state.useType(typeId(type));
  return state.environment.catalog.attributes?.(typeId(type)) ?? null;
}

function notComposite(node: BoundExpression, name: string, state: BindState, at: number) {
  return fault(
    SQLSTATE.wrong_object_type,
    `column notation .${name} applied to type ${shownType(node.type.name, state.semantics)}, which is not a composite type`,
    at,
  );
}

/** (row).name. 42703, 42809 */
export function fieldNamed(node: BoundExpression, given: string, quoted: boolean, at: number, state: BindState): RowField {
  const name = foldName(given, quoted, state.semantics);
  if (!isRowType(node.type.name)) throw notComposite(node, name, state, at);
  const attributes = attributesOfType(node.type.name, state);
  const types = attributes?.map(typeOfAttribute) ?? fieldsOf.get(node) ?? [];
  const place =
    attributes?.findIndex((attribute) => attribute.name === name) ??
    types.findIndex((_, index) => name === (fieldNames.get(node)?.[index] ?? `f${index + 1}`));
  if (place < 0) {
    const message =
      node.type.name === 'record'
        ? `could not identify column "${name}" in record data type`
        : `column "${name}" not found in data type ${shownType(node.type.name, state.semantics)}`;
    throw fault(SQLSTATE.undefined_column, message, at);
  }
  return { place, type: types[place], read: fieldAt(node, place, types[place], at, state) };
}

export function fieldAt(node: BoundExpression, place: number, type: SqlType, at: number, state: BindState): BoundExpression {
  const args = [node, constantNode(state, place, sqlType('int4'), at)];
  const call = callNode(state, 'record.field', args, type.name, undefined, at);
  const field: BoundExpression = { ...call, type: { ...type, nullable: true } };
  state.positions.set(field, at);
  return field;
}

export function bindField(source: SourceFieldNode, clause: Clause): BoundExpression {
  const operand = bindExpr(source.operand, clause);
  return fieldNamed(operand, source.name, source.quoted, source.at, clause.state).read;
}

/** The row with another value in one field. */
export function withField(
  node: BoundExpression,
  { place }: RowField,
  value: BoundExpression,
  at: number,
  state: BindState,
): BoundExpression {
  const { name } = node.type;
  const attributes = attributesOfType(name, state) ?? [];
  const types = constantNode(state, attributes.map(({ type }) => type).join(' '), sqlType('text'), at);
  const args = [node, types, constantNode(state, place, sqlType('int4'), at), value];
  const call = callNode(state, 'record.with', args, name, undefined, at);
  return { ...call, type: withNullable(call.type, false) };
}

/** ROW(...) as a value of a row type: each field is assigned to its attribute. 42846 */
export function rowAs(node: BoundExpression, type: TypeName, at: number, state: BindState): BoundExpression | null {
  if (node.op !== 'call' || node.primitive !== 'record.make') return null;
  const attributes = attributesOfType(type, state);
  if (attributes === null) return null;
  const items = node.arguments.slice(1);
  if (items.length !== attributes.length) {
    const detail = `Input has too ${items.length < attributes.length ? 'few' : 'many'} columns.`;
    throw new SqlError(
      SQLSTATE.cannot_coerce,
      `cannot cast type ${shownType(node.type.name, state.semantics)} to ${shownType(type, state.semantics)}`,
      { position: at, detail },
    );
  }
  const fields = items.map((item, index) =>
    untypedFields.get(node)?.[index] === true
      ? castExplicit(state, item, typeOfAttribute(attributes[index]), at)
      : castAssign(state, item, { name: attributes[index].name, type: typeOfAttribute(attributes[index]) }, at),
  );
  return rowOf(fields, at, state, type);
}

/** A name that is no column but a relation: its row as one value. Null: it is a column, or nothing. */
export function rowOfRelation(name: string, clause: Clause, at: number): BoundExpression | null {
  const { scope, state } = clause;
  // Most blocks stand alone, and the names in them are not those of their relations.
  if (scope.outer === null && scope.relations.every(({ alias }) => alias !== name)) return null;
  const isColumn = (one: Scope | null): boolean =>
    one !== null &&
    (one.relations.some(({ columns }) => columns.some((column) => column.name === name)) ||
      isColumn(one.outer?.clause.scope ?? null));
  const isRelation = (one: Scope | null): boolean =>
    one !== null && (one.relations.some(({ alias }) => alias === name) || isRelation(one.outer?.clause.scope ?? null));
  if (!isRelation(scope) || isColumn(scope)) return null;
  const { relation, enter } = findRelation([name], scope, at);
  readAll(relation);
  const columns = relation.columns.map((column) => enter(column));
  // A function that gives one value is that value.
  if (relation.isFunction === true && columns.length === 1) return columnNode(columns[0].column, columns[0].type, at, state);
  const stored =
    relation.stored !== undefined && state.environment.catalog.attributes?.(relation.stored)?.length === columns.length;
  if (stored) return wholeRow(columns, `row:${relation.stored as number}`, at, state);
  const items = columns.map(({ column, type }): BoundExpression => ({ op: 'column', column, type }));
  const text = (content: string): BoundExpression => constantNode(state, content, sqlType('text'), at);
  const types = items.map(({ type: own }) => own.name).join(' ');
  const args = [text(types), text(JSON.stringify(relation.columns.map((column) => column.name))), ...items];
  const node = callNode(state, 'record.named', args, 'record', undefined, at);
  const row: BoundExpression = { ...node, type: withNullable(node.type, false) };
  state.positions.set(row, at);
  fieldsOf.set(
    row,
    items.map((item) => item.type),
  );
  fieldNames.set(
    row,
    relation.columns.map((column) => column.name),
  );
  return row;
}

/** The row of a table, or of a query, as one value. */
export function wholeRow(
  columns: readonly { readonly column: ColumnId; readonly type: SqlType }[],
  type: TypeName,
  at: number,
  state: BindState,
): BoundExpression {
  const items = columns.map(({ column, type: own }): BoundExpression => ({ op: 'column', column, type: own }));
  return rowOf(items, at, state, type);
}
