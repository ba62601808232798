/** CREATE, ALTER and DROP of types and domains. */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { clipName } from '../../catalog/names.ts';
import type { CatalogCheck, CatalogDomain } from '../../catalog/objects.ts';
import type { TypeBody, TypeRow } from '../../catalog/stored.ts';
import { quoteName } from '../../catalog/virtual/describe.ts';
import { foldParts, resolveType } from '../../sblr/resolve-type.ts';
import type {
  SourceAlterTypeNode,
  SourceColumnDef,
  SourceConstraint,
  SourceCreateDomainNode,
  SourceCreateTypeNode,
  SourceDropNode,
  SourceExpression,
  SourceName,
} from '../../sblr/source.gen.ts';
import type { SqlType } from '../../sblr/types.ts';
import { columnKind } from '../../catalog/kernel-columns.ts';
import type { EnumLabel, RowAttribute } from '../../values/user-types.ts';
import { bindExpression } from '../bind/bind.ts';
import {
  conditionText,
  type DefinitionEnvironment,
  fault,
  qualified,
  readerOf,
  repeated,
  shownName,
  storedExpression,
  unsupported,
} from './environment.ts';
import { changeOwner, moveObject } from './schema.ts';

/** Bytes of a label. */
const LABEL_BYTES_MAX = 63;

const typeExists = (name: string): SqlError => new SqlError(SQLSTATE.duplicate_object, `type "${name}" already exists`);

/** Makes the object. 42710 */
function insertType(
  name: SourceName,
  body: Omit<TypeBody, 'owner' | 'grants' | 'arrayId'>,
  environment: DefinitionEnvironment,
): void {
  const { catalog, tx, session, semantics } = environment;
  const wanted = qualified(name, semantics);
  const own = clipName(wanted.name);
  catalog.change(tx, () => {
    const { schema, owner } = catalog.placeFor(tx, session, wanted, false);
    if (catalog.isTaken(tx, schema, own)) throw typeExists(own);
    const id = catalog.nextId();
    const whole: TypeBody = { ...body, owner, grants: null, arrayId: catalog.nextId() };
    catalog.insert(tx, { id, schema, name: own, kind: 'type', parent: 0, version: catalog.nextId(), body: whole });
  });
}

// ---- types ----

/** 42602 */
function mustBeLabel(label: string, at: number): void {
  if (Buffer.byteLength(label) <= LABEL_BYTES_MAX) return;
  throw fault(SQLSTATE.invalid_name, `invalid enum label "${label}"`, at, {
    detail: `Labels must be ${LABEL_BYTES_MAX} bytes or less.`,
  });
}

function attributeOf(source: SourceColumnDef, number: number, environment: DefinitionEnvironment): RowAttribute {
  if (source.type === null) throw unsupported('an attribute without a type is', source.at);
  const { name, length, scale, domain } = storableType(source.name, source.type, environment);
  return { name: source.name, number, type: name, length, scale, ...(domain === undefined ? {} : { domain }) };
}

/** 42P16 */
function storableType(column: string, source: NonNullable<SourceColumnDef['type']>, environment: DefinitionEnvironment): SqlType {
  const reader = readerOf(environment);
  const type = resolveType(source, environment.semantics, (schema, name) => reader.findType(schema, name));
  if (columnKind(type) === undefined)
    throw fault(SQLSTATE.invalid_table_definition, `column "${column}" has pseudo-type ${type.name}`, source.at);
  return type;
}

export function createType(source: SourceCreateTypeNode, environment: DefinitionEnvironment): void {
  const { catalog } = environment;
  const twice = repeated(source.labels);
  if (twice !== undefined)
    throw fault(
      SQLSTATE.unique_violation,
      'duplicate key value violates unique constraint "pg_enum_typid_label_index"',
      source.at,
    );
  const labels = source.labels.map((label, index): EnumLabel => {
    mustBeLabel(label, source.at);
    return { label, number: index + 1, id: catalog.nextId() };
  });
  const names = source.attributes.map(({ name }) => name);
  const same = repeated(names);
  if (same !== undefined) throw fault(SQLSTATE.duplicate_column, `column "${same}" specified more than once`, source.at);
  const attributes = source.attributes.map((attribute, index) => attributeOf(attribute, index + 1, environment));
  insertType(source.name, { form: source.kind, labels, attributes, domain: null }, environment);
}

// ---- domains ----

function checkOf(
  source: SourceConstraint,
  name: string,
  base: SqlType,
  taken: readonly CatalogCheck[],
  environment: DefinitionEnvironment,
): CatalogCheck {
  const { expression } = source;
  if (expression === null) throw fault(SQLSTATE.syntax_error, 'CHECK has no expression', source.at);
  bindExpression(expression, {
    semantics: environment.semantics,
    table: 'value',
    columns: [{ name: 'value', attribute: 1, type: base }],
    purpose: 'check',
    target: null,
    catalog: readerOf(environment),
  });
  const isTaken = (one: string): boolean => taken.some((check) => check.name === one);
  let own = source.name ?? `${name}_check`;
  if (source.name !== null && isTaken(own))
    throw fault(SQLSTATE.duplicate_object, `constraint "${own}" for domain "${name}" already exists`, source.at);
  for (let number = 1; isTaken(own); number++) own = `${name}_check${number}`;
  return { name: own, expression: storedExpression(expression, environment) };
}

function defaultOf(source: SourceExpression, base: SqlType, name: string, environment: DefinitionEnvironment) {
  bindExpression(source, {
    semantics: environment.semantics,
    table: name,
    columns: [{ name, attribute: 1, type: base }],
    purpose: 'default',
    target: base,
    catalog: readerOf(environment),
  });
  return storedExpression(source, environment);
}

export function createDomain(source: SourceCreateDomainNode, environment: DefinitionEnvironment): void {
  const { name } = qualified(source.name, environment.semantics);
  const base = storableType(name, source.type, environment);
  let domain: CatalogDomain = { base: { ...base, nullable: true }, notNull: false, default: null, checks: [] };
  for (const constraint of source.constraints) {
    const { kind, at } = constraint;
    if (kind === 'check')
      domain = { ...domain, checks: [...domain.checks, checkOf(constraint, name, base, domain.checks, environment)] };
    else if (kind === 'default' && constraint.expression !== null) {
      if (domain.default !== null) throw fault(SQLSTATE.syntax_error, 'multiple default expressions', at);
      domain = { ...domain, default: defaultOf(constraint.expression, base, name, environment) };
    } else if (kind === 'notNull' || kind === 'null') {
      if (source.constraints.some((one) => one.kind !== kind && (one.kind === 'notNull' || one.kind === 'null')))
        throw fault(SQLSTATE.syntax_error, 'conflicting NULL/NOT NULL constraints', at);
      domain = { ...domain, notNull: kind === 'notNull' };
    } else throw unsupported(`${kind} of a domain is`, at);
  }
  insertType(source.name, { form: 'domain', labels: [], attributes: [], domain }, environment);
}

// ---- ALTER ----

/** A type by its name. 42704, 42809, 42501 */
export function typeNamed(name: SourceName, kind: 'type' | 'domain', environment: DefinitionEnvironment): TypeRow {
  const { catalog, tx, session, semantics } = environment;
  const wanted = qualified(name, semantics);
  const row = typeRow(wanted.schema, wanted.name, environment);
  if (row === null) throw fault(SQLSTATE.undefined_object, `type "${shownName(wanted)}" does not exist`, name.at);
  if (kind === 'domain' && row.body.form !== 'domain')
    throw fault(SQLSTATE.wrong_object_type, `${shownName(wanted)} is not a domain`, name.at);
  return catalog.ownRow(tx, session, row.id) as TypeRow;
}

function typeRow(schema: string | null, name: string, environment: DefinitionEnvironment): TypeRow | null {
  const reader = readerOf(environment);
  for (const one of schema === null ? reader.searchPath() : [schema]) {
    const id = reader.schemaId(one);
    const row = id === null ? undefined : reader.entryByName(id, name)?.row;
    if (row?.kind === 'type') return row;
  }
  return null;
}

export function alterType(source: SourceAlterTypeNode, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx } = environment;
  const row = typeNamed(source.name, source.kind, environment);
  const notices: Notice[] = [];
  const become = (body: Partial<TypeBody>, name = row.name): void => {
    catalog.change(tx, () => {
      catalog.replace(tx, { ...row, name, version: catalog.nextId(), body: { ...row.body, ...body } });
    });
  };
  switch (source.action) {
    case 'addValue':
      addValue(source, row, become, notices, environment);
      return notices;
    case 'renameValue':
      become({ labels: renamedLabels(source, row) });
      return notices;
    case 'renameTo': {
      const name = clipName(source.to as string);
      if (name !== row.name && catalog.isTaken(tx, row.schema, name)) throw typeExists(name);
      become({}, name);
      return notices;
    }
    case 'setSchema':
      catalog.change(tx, () => moveObject(row, source.to as string, environment));
      return notices;
    case 'ownerTo':
      catalog.change(tx, () => changeOwner(row, source.to as string, environment));
      return notices;
    default:
      become({ domain: changedDomain(source, row, notices, environment) });
      return notices;
  }
}

function mustBeEnum(row: TypeRow, at: number): void {
  if (row.body.form !== 'enum') throw fault(SQLSTATE.wrong_object_type, `${row.name} is not an enum`, at);
}

function addValue(
  source: SourceAlterTypeNode,
  row: TypeRow,
  become: (body: Partial<TypeBody>) => void,
  notices: Notice[],
  { catalog }: DefinitionEnvironment,
): void {
  mustBeEnum(row, source.at);
  const label = source.label as string;
  const { labels } = row.body;
  mustBeLabel(label, source.at);
  if (labels.some((one) => one.label === label)) {
    const message = `enum label "${label}" already exists`;
    if (!source.ifExists) throw fault(SQLSTATE.duplicate_object, message, source.at);
    notices.push({ severity: 'NOTICE', code: SQLSTATE.duplicate_object, message: `${message}, skipping` });
    return;
  }
  let place = labels.length;
  if (source.neighbour !== null) {
    place = labels.findIndex((one) => one.label === source.neighbour);
    if (place < 0)
      throw fault(SQLSTATE.invalid_parameter_value, `"${source.neighbour}" is not an existing enum label`, source.at);
    if (!source.before) place++;
  }
  const number = numberBetween(labels[place - 1]?.number, labels[place]?.number);
  become({ labels: labels.toSpliced(place, 0, { label, number, id: catalog.nextId() }) });
}

/** Values are kept as numbers in the order of the labels. 54000 */
function numberBetween(low: number | undefined, high: number | undefined): number {
  if (high === undefined) return low === undefined ? 1 : Math.floor(low) + 1;
  if (low === undefined) return Math.ceil(high) - 1;
  const middle = low + (high - low) / 2;
  if (middle > low && middle < high) return middle;
  throw new SqlError(SQLSTATE.program_limit_exceeded, 'too many labels were added between two that lie side by side');
}

function renamedLabels(source: SourceAlterTypeNode, row: TypeRow): readonly EnumLabel[] {
  mustBeEnum(row, source.at);
  const { label, at } = source;
  const to = source.to as string;
  const { labels } = row.body;
  mustBeLabel(to, at);
  if (!labels.some((one) => one.label === label))
    throw fault(SQLSTATE.invalid_parameter_value, `"${label}" is not an existing enum label`, at);
  if (labels.some((one) => one.label === to)) throw fault(SQLSTATE.duplicate_object, `enum label "${to}" already exists`, at);
  return labels.map((one) => (one.label === label ? { ...one, label: to } : one));
}

function changedDomain(
  source: SourceAlterTypeNode,
  row: TypeRow,
  notices: Notice[],
  environment: DefinitionEnvironment,
): CatalogDomain {
  const { domain } = row.body;
  if (domain === null) throw fault(SQLSTATE.wrong_object_type, `${row.name} is not a domain`, source.at);
  const { label } = source;
  const absent = (): SqlError =>
    fault(SQLSTATE.undefined_object, `constraint "${label}" of domain "${row.name}" does not exist`, source.at);
  switch (source.action) {
    case 'setDefault':
      return { ...domain, default: defaultOf(source.expression as SourceExpression, domain.base, row.name, environment) };
    case 'dropDefault':
      return { ...domain, default: null };
    case 'setNotNull':
      checkRows(row, 'value is not null', environment, (table, column) =>
        fault(SQLSTATE.not_null_violation, `column "${column}" of table "${table}" contains null values`, source.at),
      );
      return { ...domain, notNull: true };
    case 'dropNotNull':
      return { ...domain, notNull: false };
    case 'addConstraint': {
      const constraint = source.constraint as SourceConstraint;
      const check = checkOf(constraint, row.name, domain.base, domain.checks, environment);
      if (!constraint.notValid) mustHold(row, check, environment);
      return { ...domain, checks: [...domain.checks, check] };
    }
    case 'dropConstraint': {
      const checks = domain.checks.filter(({ name }) => name !== label);
      if (checks.length < domain.checks.length) return { ...domain, checks };
      if (!source.ifExists) throw absent();
      const message = `constraint "${label}" of domain "${row.name}" does not exist, skipping`;
      notices.push({ severity: 'NOTICE', code: '00000', message });
      return domain;
    }
    case 'validateConstraint': {
      const check = domain.checks.find(({ name }) => name === label);
      if (check === undefined) throw absent();
      mustHold(row, check, environment);
      return domain;
    }
    case 'renameConstraint': {
      if (!domain.checks.some(({ name }) => name === label)) throw absent();
      if (domain.checks.some(({ name }) => name === source.to))
        throw fault(SQLSTATE.duplicate_object, `constraint "${source.to}" for domain "${row.name}" already exists`, source.at);
      return {
        ...domain,
        checks: domain.checks.map((one) => (one.name === label ? { ...one, name: source.to as string } : one)),
      };
    }
    default:
      throw unsupported(`${source.action} is`, source.at);
  }
}

function mustHold(row: TypeRow, check: CatalogCheck, environment: DefinitionEnvironment): void {
  checkRows(row, `(${conditionText(check.expression, environment)}) is not false`, environment, (table, column) =>
    fault(SQLSTATE.check_violation, `column "${column}" of table "${table}" contains values that violate the new constraint`, 0),
  );
}

/** Looks through all columns of the domain. */
function checkRows(
  row: TypeRow,
  condition: string,
  environment: DefinitionEnvironment,
  wrong: (table: string, column: string) => SqlError,
): void {
  const reader = readerOf(environment);
  for (const { row: one } of reader.all()) {
    if (one.kind !== 'table') continue;
    for (const column of one.body.columns) {
      if (column.type.domain !== row.id || column.hidden !== null) continue;
      const table = `${quoteName(reader.schemaName(one.schema))}.${quoteName(one.name)}`;
      const text = `select 1 from (select ${quoteName(column.name)} as value from ${table}) as t where not (${condition}) limit 1`;
      if (environment.sql(text).length > 0) throw wrong(one.name, column.name);
    }
  }
}

// ---- DROP ----

export function dropTypes(source: SourceDropNode, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session, semantics } = environment;
  const notices: Notice[] = [];
  const ids = new Set<number>();
  for (const name of source.names) {
    const wanted = qualified(name, semantics);
    if (typeRow(wanted.schema, wanted.name, environment) === null && source.ifExists) {
      const message = `type "${foldParts(name, semantics).join('.')}" does not exist, skipping`;
      notices.push({ severity: 'NOTICE', code: '00000', message });
    } else ids.add(typeNamed(name, source.kind === 'domain' ? 'domain' : 'type', environment).id);
  }
  catalog.change(tx, () => notices.push(...catalog.drop(tx, session, [...ids], source.cascade)));
  return notices;
}
