/** Definitions as canonical text. */

import type {
  SourceColumnDef,
  SourceConstraint,
  SourceCreateIndexNode,
  SourceCreateTableNode,
  SourceOption,
  SourcePartitionBound,
  SourcePartitionKey,
  SourceStatement,
  SourceTableLike,
} from '../../engine/sblr/source.gen.ts';
import { clause, joinWords } from '../kit/text.ts';
import { expressionText, restrictedText } from './render-expression.ts';
import { identifier, identifiers, nameText, onlyText, typeText } from './render-names.ts';
import { queryText } from './render-query.ts';
import { indexElementText } from './render-statement.ts';

type Definition = Extract<
  SourceStatement,
  { op: 'truncate' | 'createTable' | 'createIndex' | 'createSequence' | 'drop' | 'analyze' }
>;

export function definitionText(statement: Definition): string {
  switch (statement.op) {
    case 'createTable':
      return tableText(statement);
    case 'createIndex':
      return indexText(statement);
    case 'createSequence':
      return joinWords([
        'CREATE',
        PERSISTENCE[statement.persistence],
        'SEQUENCE',
        statement.ifNotExists && 'IF NOT EXISTS',
        nameText(statement.name),
        statement.type !== null && `AS ${typeText(statement.type, expressionText)}`,
        ...statement.options.map(sequenceOptionText),
      ]);
    case 'drop':
      return joinWords([
        `DROP ${statement.kind.toUpperCase()}`,
        statement.concurrently && 'CONCURRENTLY',
        statement.ifExists && 'IF EXISTS',
        statement.names.map(nameText).join(', '),
        statement.cascade && 'CASCADE',
      ]);
    case 'truncate':
      return joinWords([
        `TRUNCATE TABLE ${statement.tables.map((name, at) => onlyText(name, statement.only[at])).join(', ')}`,
        statement.restartIdentity && 'RESTART IDENTITY',
        statement.cascade && 'CASCADE',
      ]);
    case 'analyze':
      return joinWords(['ANALYZE', statement.tables.map(nameText).join(', ')]);
  }
}

const PERSISTENCE = { permanent: '', temporary: 'TEMPORARY', unlogged: 'UNLOGGED' } as const;
const ON_COMMIT = {
  none: '',
  preserve: 'ON COMMIT PRESERVE ROWS',
  delete: 'ON COMMIT DELETE ROWS',
  drop: 'ON COMMIT DROP',
} as const;

function tableText(statement: SourceCreateTableNode): string {
  const { columns, constraints } = statement;
  const shown = columns.map(columnText);
  for (const like of [...statement.likes].reverse()) shown.splice(like.before, 0, likeText(like));
  const elements = [...shown, ...constraints.map((one) => constraintText(one, true))];
  const { inherits, partitionOf, bound, partitionBy } = statement;
  const hasElements = elements.length > 0 || (statement.as === null && partitionOf === null);
  return joinWords([
    'CREATE',
    PERSISTENCE[statement.persistence],
    'TABLE',
    statement.ifNotExists && 'IF NOT EXISTS',
    nameText(statement.name),
    partitionOf !== null && `PARTITION OF ${nameText(partitionOf)}`,
    hasElements && `(${elements.join(', ')})`,
    bound !== null && boundText(bound),
    inherits.length > 0 && `INHERITS (${inherits.map(nameText).join(', ')})`,
    partitionBy !== null && partitionKeyText(partitionBy),
    statement.options.length > 0 && withOptionsText(statement.options),
    ON_COMMIT[statement.onCommit],
    statement.as !== null && `AS ${queryText(statement.as)}${statement.withData ? '' : ' WITH NO DATA'}`,
  ]);
}

export const partitionKeyText = ({ strategy, elements }: SourcePartitionKey): string =>
  `PARTITION BY ${strategy.toUpperCase()} (${elements.map(indexElementText).join(', ')})`;

/** What a partition holds. */
export function boundText({ kind, values, to, modulus, remainder }: SourcePartitionBound): string {
  const list = (items: SourcePartitionBound['values']): string => `(${items.map((one) => expressionText(one)).join(', ')})`;
  switch (kind) {
    case 'default':
      return 'DEFAULT';
    case 'list':
      return `FOR VALUES IN ${list(values)}`;
    case 'range':
      return `FOR VALUES FROM ${list(values)} TO ${list(to)}`;
    case 'hash':
      return `FOR VALUES WITH (MODULUS ${modulus}, REMAINDER ${remainder})`;
  }
}

/** LIKE INCLUDING: each part by its name. */
const likeText = ({ table, including }: SourceTableLike): string =>
  joinWords([`LIKE ${nameText(table)}`, ...including.map((part) => `INCLUDING ${part.toUpperCase()}`)]);

export function columnText(column: SourceColumnDef): string {
  return joinWords([
    identifier(column.name),
    column.type !== null && typeText(column.type, expressionText),
    column.collation !== null && `COLLATE ${nameText(column.collation)}`,
    ...column.constraints.map((one) => constraintText(one, false)),
  ]);
}

export const withOptionsText = (options: readonly SourceOption[]): string => `WITH ${optionsText(options)}`;

/** (name = value, ...) */
export const optionsText = (options: readonly SourceOption[]): string => {
  const list = options.map(({ name, value }) => {
    const shown = name.split('.').map(identifier).join('.');
    return value === null ? shown : `${shown} = ${expressionText(value)}`;
  });
  return `(${list.join(', ')})`;
};

export function constraintText(constraint: SourceConstraint, ofTable: boolean): string {
  const isDeferrable = constraint.deferrable ? 'DEFERRABLE' : '';
  return joinWords([
    constraint.name !== null && `CONSTRAINT ${identifier(constraint.name)}`,
    kindText(constraint, ofTable),
    isDeferrable,
    constraint.initiallyDeferred && 'INITIALLY DEFERRED',
    constraint.notValid && 'NOT VALID',
  ]);
}

function kindText(constraint: SourceConstraint, ofTable: boolean): string {
  const { index, include } = constraint;
  const columns = index !== null ? ` USING INDEX ${identifier(index)}` : ofTable ? ` (${identifiers(constraint.columns)})` : '';
  const included = include.length === 0 ? '' : ` INCLUDE (${identifiers(include)})`;
  const options = `${included}${constraint.options.length === 0 ? '' : ` ${withOptionsText(constraint.options)}`}`;
  const value = constraint.expression;
  switch (constraint.kind) {
    case 'notNull':
      return 'NOT NULL';
    case 'null':
      return 'NULL';
    case 'default':
      return value === null ? '' : `DEFAULT ${restrictedText(value)}`;
    case 'check':
      return value === null ? '' : `CHECK (${expressionText(value)})`;
    case 'generated':
      return value === null ? '' : `GENERATED ALWAYS AS (${expressionText(value)}) STORED`;
    case 'primaryKey':
      return `PRIMARY KEY${columns}${options}`;
    case 'unique':
      return `UNIQUE${constraint.nullsDistinct ? '' : ' NULLS NOT DISTINCT'}${columns}${options}`;
    case 'identityAlways':
      return `GENERATED ALWAYS AS IDENTITY${identityOptions(constraint)}`;
    case 'identityByDefault':
      return `GENERATED BY DEFAULT AS IDENTITY${identityOptions(constraint)}`;
    case 'references':
      return joinWords([ofTable && `FOREIGN KEY${columns}`, referencesText(constraint)]);
  }
}

const identityOptions = (constraint: SourceConstraint): string =>
  constraint.options.length === 0 ? '' : ` (${constraint.options.map(sequenceOptionText).join(' ')})`;

const ACTIONS = {
  noAction: '',
  restrict: 'RESTRICT',
  cascade: 'CASCADE',
  setNull: 'SET NULL',
  setDefault: 'SET DEFAULT',
} as const;

function referencesText(constraint: SourceConstraint): string {
  const { table, referenced, onDelete, onUpdate, match, deleteColumns } = constraint;
  const columns = referenced.length === 0 ? '' : ` (${identifiers(referenced)})`;
  const onlyColumns = deleteColumns.length === 0 ? '' : ` (${identifiers(deleteColumns)})`;
  return joinWords([
    `REFERENCES ${table === null ? '' : nameText(table)}${columns}`,
    match === 'full' && 'MATCH FULL',
    clause('ON DELETE', `${ACTIONS[onDelete]}${onlyColumns}`),
    clause('ON UPDATE', ACTIONS[onUpdate]),
  ]);
}

/** An option of a sequence; without a value NO MINVALUE and the like. */
export function sequenceOptionText({ name, value }: SourceOption): string {
  const text = value === null ? null : expressionText(value);
  switch (name) {
    case 'increment':
      return `INCREMENT BY ${text}`;
    case 'start':
      return `START WITH ${text}`;
    case 'restart':
      return text === null ? 'RESTART' : `RESTART WITH ${text}`;
    case 'cycle':
      return text === 'TRUE' ? 'CYCLE' : 'NO CYCLE';
    case 'ownedBy':
      return `OWNED BY ${text ?? 'NONE'}`;
    case 'cache':
      return `CACHE ${text}`;
    default:
      return text === null ? `NO ${name.toUpperCase()}` : `${name.toUpperCase()} ${text}`;
  }
}

function indexText(statement: SourceCreateIndexNode): string {
  return joinWords([
    'CREATE',
    statement.unique && 'UNIQUE',
    'INDEX',
    statement.concurrently && 'CONCURRENTLY',
    statement.ifNotExists && 'IF NOT EXISTS',
    statement.name !== null && identifier(statement.name),
    `ON ${onlyText(statement.table, statement.only)}`,
    statement.method !== null && `USING ${identifier(statement.method)}`,
    `(${statement.elements.map(indexElementText).join(', ')})`,
    statement.include.length > 0 && `INCLUDE (${identifiers(statement.include)})`,
    !statement.nullsDistinct && 'NULLS NOT DISTINCT',
    statement.where !== null && `WHERE ${expressionText(statement.where)}`,
  ]);
}
