/** PARTITION BY, and the bounds of partitions: checked against the key and against each other. */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { ColumnDefinition, IndexDefinition } from '../../catalog/definitions.ts';
import {
  type CatalogPartitioning,
  type CatalogTable,
  isDeclaredUnique,
  type PartitionBound,
  type PartitionKey,
  type RangeEnd,
} from '../../catalog/objects.ts';
import type { ValueOrder } from '../../catalog/value-order.ts';
import { orderOf } from '../../catalog/value-order.ts';
import { isOrdered } from '../../catalog/kernel-columns.ts';
import { foldName, shownType } from '../../sblr/resolve-type.ts';
import type { SourceExpression, SourceIndexElement, SourcePartitionBound, SourcePartitionKey } from '../../sblr/source.gen.ts';
import { type SqlType, withNullable } from '../../sblr/types.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { bindExpression } from '../bind/bind.ts';
import type { ExpressionColumn } from '../bind/environment.ts';
import { isHashed } from '../bind/partition-bounds.ts';
import { type DefinitionEnvironment, fault, readerOf, storedExpression, unsupported } from './environment.ts';
import { checkKeyCollation } from './index.ts';

const KEYS_MAX = 32;

// ---- PARTITION BY ----

/** 42703, 42P16, 42704 */
export function partitioningOf(
  source: SourcePartitionKey,
  table: string,
  columns: readonly (ExpressionColumn & { readonly isGenerated: boolean })[],
  environment: DefinitionEnvironment,
): CatalogPartitioning {
  if (source.elements.length > KEYS_MAX)
    throw fault(SQLSTATE.too_many_columns, `cannot partition using more than ${KEYS_MAX} columns`, source.at);
  const keys = source.elements.map((element) => keyOf(element, source, table, columns, environment));
  return { strategy: source.strategy, keys };
}

function keyOf(
  element: SourceIndexElement,
  { strategy }: SourcePartitionKey,
  table: string,
  columns: readonly (ExpressionColumn & { readonly isGenerated: boolean })[],
  environment: DefinitionEnvironment,
): PartitionKey {
  const { expression, at } = element;
  checkKeyCollation(element, environment);
  const key = expression.op === 'column' ? columnKey(expression, columns, at, environment) : null;
  const made = key ?? expressionKey(expression, table, columns, environment);
  const fits = strategy === 'hash' ? isHashed(made.type) : isOrdered(made.type) && orderOf(made.type) !== null;
  if (fits) return made;
  if (strategy === 'hash' && isOrdered(made.type))
    throw unsupported(`hash partitions by ${shownType(made.type.name, environment.semantics)} are`, at);
  const method = strategy === 'hash' ? 'hash' : 'btree';
  throw fault(
    SQLSTATE.undefined_object,
    `data type ${shownType(made.type.name, environment.semantics)} has no default operator class for access method "${method}"`,
    at,
    { hint: `You must specify a ${method} operator class or define a default ${method} operator class for the data type.` },
  );
}

function columnKey(
  { name }: Extract<SourceExpression, { op: 'column' }>,
  columns: readonly (ExpressionColumn & { readonly isGenerated: boolean })[],
  at: number,
  { semantics }: DefinitionEnvironment,
): PartitionKey {
  const [own] = name.parts.map((part, place) => foldName(part, name.quoted[place] === true, semantics));
  const found = columns.find((column) => column.name === own);
  if (found === undefined) throw fault(SQLSTATE.undefined_column, `column "${own}" named in partition key does not exist`, at);
  if (found.isGenerated)
    throw fault(SQLSTATE.invalid_object_definition, 'cannot use generated column in partition key', at, {
      detail: `Column "${own}" is a generated column.`,
    });
  return { attribute: found.attribute, expression: null, type: withNullable(found.type, true) };
}

function expressionKey(
  expression: SourceExpression,
  table: string,
  columns: readonly ExpressionColumn[],
  environment: DefinitionEnvironment,
): PartitionKey {
  const { semantics } = environment;
  const of = { semantics, table, columns, purpose: 'index' as const, target: null, catalog: readerOf(environment) };
  let bound: ReturnType<typeof bindExpression>;
  try {
    bound = bindExpression(expression, of);
  } catch (error) {
    if (!(error instanceof SqlError) || error.code !== SQLSTATE.invalid_object_definition) throw error;
    throw fault(
      SQLSTATE.invalid_object_definition,
      'functions in partition key expression must be marked IMMUTABLE',
      expression.at,
    );
  }
  if (bound.attributes.length === 0)
    throw fault(SQLSTATE.invalid_object_definition, 'cannot use constant expression as partition key', expression.at);
  return { attribute: 0, expression: storedExpression(expression, environment), type: withNullable(bound.expression.type, true) };
}

/** What is unique in a partitioned table is so in each partition: the partition key must be a part of it. 0A000 */
export function mustHoldKey(
  { keys }: CatalogPartitioning,
  index: Pick<IndexDefinition, 'unique' | 'deferrable' | 'primary' | 'keys' | 'constraint'>,
  table: string,
  columns: readonly Pick<ColumnDefinition, 'name'>[],
  nameOf: (attribute: number) => string,
): void {
  if (!isDeclaredUnique(index)) return;
  const what = index.primary ? 'PRIMARY KEY' : 'UNIQUE';
  if (keys.some(({ expression }) => expression !== null))
    throw new SqlError(SQLSTATE.feature_not_supported, `unsupported ${what} constraint with partition key definition`, {
      detail: `${what} constraints cannot be used when partition keys include expressions.`,
    });
  const named = new Set(index.keys.flatMap(({ key }) => ('column' in key ? [key.column] : [])));
  const lacking = keys.map(({ attribute }) => nameOf(attribute)).find((name) => !named.has(name));
  if (lacking === undefined || columns.length === 0) return;
  throw new SqlError(
    SQLSTATE.feature_not_supported,
    'unique constraint on partitioned table must include all partitioning columns',
    { detail: `${what} constraint on table "${table}" lacks column "${lacking}" which is part of the partition key.` },
  );
}

// ---- FOR VALUES ----

/** The bound of a new partition; `others`: those of the partitions that are there. 42P17, 42P16 */
export function boundOf(
  source: SourcePartitionBound,
  parent: CatalogTable,
  name: string,
  others: readonly { readonly name: string; readonly bound: PartitionBound }[],
  environment: DefinitionEnvironment,
): PartitionBound {
  const { partitioning } = parent;
  if (partitioning === undefined) throw fault(SQLSTATE.wrong_object_type, `"${parent.name}" is not partitioned`, source.at);
  const { strategy } = partitioning;
  if (source.kind !== 'default' && source.kind !== strategy)
    throw fault(SQLSTATE.invalid_table_definition, `invalid bound specification for a ${strategy} partition`, source.at);
  if (source.kind === 'default' && strategy === 'hash')
    throw fault(SQLSTATE.invalid_table_definition, 'a hash-partitioned table may not have a default partition', source.at);
  const bound = readBound(source, partitioning, parent, environment);
  mustNotMeet(bound, partitioning, name, others, source, parent);
  return bound;
}

function readBound(
  source: SourcePartitionBound,
  { keys }: CatalogPartitioning,
  parent: CatalogTable,
  environment: DefinitionEnvironment,
): PartitionBound {
  const nameOf = ({ attribute, expression }: PartitionKey): string =>
    expression?.text ?? parent.columns.find(({ number }) => number === attribute)?.name ?? '';
  switch (source.kind) {
    case 'default':
      return { kind: 'default' };
    case 'list': {
      const values = source.values.map((value) => boundValue(value, keys[0].type, nameOf(keys[0]), environment));
      const order = orderOf(keys[0].type) as ValueOrder;
      // The same value twice is one.
      return { kind: 'list', values: values.filter((one, at) => values.findIndex((other) => isSame(one, other, order)) === at) };
    }
    case 'hash':
      if (source.modulus <= 0)
        throw fault(
          SQLSTATE.invalid_table_definition,
          'modulus for hash partition must be an integer value greater than zero',
          source.at,
        );
      if (source.remainder >= source.modulus)
        throw fault(SQLSTATE.invalid_table_definition, 'remainder for hash partition must be less than modulus', source.at);
      return { kind: 'hash', modulus: source.modulus, remainder: source.remainder };
    case 'range': {
      const ends = (list: readonly SourceExpression[], which: string): RangeEnd[] => {
        if (list.length !== keys.length)
          throw fault(
            SQLSTATE.invalid_table_definition,
            `${which} must specify exactly one value per partitioning column`,
            source.at,
          );
        const read = list.map((one, at) => rangeEnd(one, keys[at].type, nameOf(keys[at]), environment));
        mustStayOpen(read, source.at);
        return read;
      };
      return { kind: 'range', from: ends(source.values, 'FROM'), to: ends(source.to, 'TO') };
    }
  }
}

const isSame = (a: RowValue, b: RowValue, order: ValueOrder): boolean => (a === null || b === null ? a === b : order(a, b) === 0);

/** Behind MINVALUE there is only MINVALUE. */
function mustStayOpen(ends: readonly RangeEnd[], at: number): void {
  const open = ends.findIndex((end) => typeof end === 'string');
  if (open < 0 || ends.slice(open).every((end) => end === ends[open])) return;
  const word = ends[open] === 'minimum' ? 'MINVALUE' : 'MAXVALUE';
  throw fault(SQLSTATE.datatype_mismatch, `every bound following ${word} must also be ${word}`, at);
}

function rangeEnd(source: SourceExpression, type: SqlType, column: string, environment: DefinitionEnvironment): RangeEnd {
  if (source.op === 'column' && source.name.parts.length === 1 && source.name.quoted[0] !== true) {
    const word = source.name.parts[0].toLowerCase();
    if (word === 'minvalue') return 'minimum';
    if (word === 'maxvalue') return 'maximum';
  }
  const value = boundValue(source, type, column, environment);
  if (value === null) throw fault(SQLSTATE.invalid_table_definition, 'cannot specify NULL in range bound', source.at);
  return { value };
}

function boundValue(source: SourceExpression, type: SqlType, column: string, environment: DefinitionEnvironment): RowValue {
  const { semantics } = environment;
  const { expression } = bindExpression(source, {
    ...{ semantics, table: '', columns: [{ name: column, attribute: 0, type }], purpose: 'default', target: type },
    catalog: readerOf(environment),
  });
  const output = [{ name: column, column: 0, type: expression.type, table: 0, attribute: 0 }];
  const input = { op: 'values' as const, columns: [], rows: [[]] };
  const root = { op: 'project' as const, input, columns: [{ column: 0, expression }] };
  const [[value]] = environment.run({
    ...{ statement: { kind: 'query' as const, root, output }, parameters: [], clientParameters: 0, shaping: [], uses: [] },
    columns: 1,
  }) as RowValue[][];
  return value;
}

// ---- bounds against each other ----

type Others = readonly { readonly name: string; readonly bound: PartitionBound }[];

function mustNotMeet(
  bound: PartitionBound,
  partitioning: CatalogPartitioning,
  name: string,
  others: Others,
  { at }: SourcePartitionBound,
  parent: CatalogTable,
): void {
  const meets = (other: string): never => {
    throw fault(SQLSTATE.invalid_object_definition, `partition "${name}" would overlap partition "${other}"`, at);
  };
  if (bound.kind === 'default') {
    const other = others.find((one) => one.bound.kind === 'default');
    if (other !== undefined)
      throw fault(
        SQLSTATE.invalid_object_definition,
        `partition "${name}" conflicts with existing default partition "${other.name}"`,
        at,
      );
    return;
  }
  const orders = partitioning.keys.map(({ type }) => orderOf(type) as ValueOrder);
  if (bound.kind === 'range' && compareEnds(bound.from, bound.to, orders, true) >= 0)
    throw fault(SQLSTATE.invalid_object_definition, `empty range bound specified for partition "${name}"`, at, {
      detail: 'Specified lower bound is greater than or equal to upper bound.',
    });
  if (bound.kind === 'hash') mustDivide(bound.modulus, others, at, parent);
  for (const { name: other, bound: theirs } of others) {
    if (theirs.kind === 'list' && bound.kind === 'list') {
      if (bound.values.some((one) => theirs.values.some((value) => isSame(one, value, orders[0])))) meets(other);
    } else if (theirs.kind === 'range' && bound.kind === 'range') {
      if (compareEnds(bound.from, theirs.to, orders, true) < 0 && compareEnds(theirs.from, bound.to, orders, true) < 0)
        meets(other);
    } else if (theirs.kind === 'hash' && bound.kind === 'hash') {
      const common = Math.min(theirs.modulus, bound.modulus);
      if (theirs.remainder % common === bound.remainder % common) meets(other);
    }
  }
}

/** -1, 0, 1. `fromLow`: the first is a lower end, the second an upper one. */
function compareEnds(a: readonly RangeEnd[], b: readonly RangeEnd[], orders: readonly ValueOrder[], _fromLow: boolean): number {
  for (const [at, one] of a.entries()) {
    const other = b[at];
    if (typeof one === 'string' || typeof other === 'string') {
      const rank = (end: RangeEnd): number => (end === 'minimum' ? -1 : end === 'maximum' ? 1 : 0);
      if (rank(one) !== rank(other)) return rank(one) - rank(other);
      return 0;
    }
    const order = orders[at](one.value, other.value);
    if (order !== 0) return order;
  }
  return 0;
}

/** Each modulus divides the next larger one. */
function mustDivide(modulus: number, others: Others, at: number, parent: CatalogTable): void {
  for (const { name, bound } of others) {
    if (bound.kind !== 'hash') continue;
    const [less, more] = bound.modulus < modulus ? [bound.modulus, modulus] : [modulus, bound.modulus];
    if (more % less === 0) continue;
    const detail =
      modulus > bound.modulus
        ? `The new modulus ${modulus} is not divisible by ${bound.modulus}, the modulus of existing partition "${name}".`
        : `The new modulus ${modulus} is not a factor of ${bound.modulus}, the modulus of existing partition "${name}".`;
    throw fault(
      SQLSTATE.invalid_object_definition,
      'every hash partition modulus must be a factor of the next larger modulus',
      at,
      { detail, table: parent.name },
    );
  }
}
