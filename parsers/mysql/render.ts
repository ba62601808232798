/** Source form -> canonical text: what the grammar reads as the same form. 0A000 for what MySQL cannot say. */

import type {
  SourceColumnDef,
  SourceConstraint,
  SourceExpression,
  SourceFrom,
  SourceNode,
  SourceQuery,
  SourceStatement,
  SourceType,
} from '../../engine/sblr/source.gen.ts';
import { clause, joinWords } from '../kit/text.ts';
import { shownKey } from './lower.ts';
import { cannot, expressionList, expressionText, identifier, identifiers, nameText } from './render-expression.ts';
import { fromText, queryText, withText } from './render-query.ts';

/** A statement, or a part of one. */
export function render(node: SourceStatement | SourceQuery | SourceExpression | SourceType | SourceFrom): string {
  switch (node.op) {
    case 'select':
    case 'setOperation':
    case 'values':
      return queryText(node);
    case 'tableRef':
    case 'queryRef':
    case 'functionRef':
    case 'join':
    case 'joinAlias':
      return fromText(node);
    case 'type':
      return typeText(node);
    default:
      return isStatement(node) ? statementText(node) : expressionText(node);
  }
}

const STATEMENTS = new Set(
  `insert update delete truncate createTable createIndex createSchema drop begin commit rollback savepoint release rollbackTo set
  setSeveral`.split(/\s+/),
);
const isStatement = (node: SourceNode): node is SourceStatement => STATEMENTS.has(node.op);

function statementText(node: SourceStatement): string {
  switch (node.op) {
    case 'insert':
      return insertText(node);
    case 'update':
      if (node.from.length > 0 || node.returning.length > 0) throw cannot('this UPDATE');
      return joinWords([
        node.with !== null && withText(node.with),
        `UPDATE ${nameText(node.table)}${node.alias === null ? '' : ` AS ${identifier(node.alias.name)}`}`,
        `SET ${node.set.map(({ columns, value }) => `${identifier(columns[0])} = ${expressionText(value)}`).join(', ')}`,
        node.where !== null && `WHERE ${expressionText(node.where)}`,
      ]);
    case 'delete':
      if (node.using.length > 0 || node.returning.length > 0) throw cannot('this DELETE');
      return joinWords([
        node.with !== null && withText(node.with),
        `DELETE FROM ${nameText(node.table)}${node.alias === null ? '' : ` AS ${identifier(node.alias.name)}`}`,
        node.where !== null && `WHERE ${expressionText(node.where)}`,
      ]);
    case 'truncate':
      return `TRUNCATE TABLE ${nameText(node.tables[0])}`;
    case 'createTable':
      return createTableText(node);
    case 'createIndex':
      return createIndexText(node);
    case 'createSchema':
      return joinWords(['CREATE DATABASE', node.ifNotExists && 'IF NOT EXISTS', identifier(node.name ?? '')]);
    case 'drop':
      return dropText(node);
    default:
      return sessionText(node);
  }
}

function insertText(node: Extract<SourceStatement, { op: 'insert' }>): string {
  const { source } = node;
  if (node.with !== null || node.conflict !== null || node.returning.length > 0) throw cannot('this INSERT');
  const named = `INSERT INTO ${nameText(node.table)}${node.columns.length === 0 ? '' : ` (${identifiers(node.columns)})`}`;
  if (source === null) return `${named} VALUES ()`;
  const rows = source.op === 'values' && source.with === null && source.order.length === 0 && source.limit === null;
  const list = (row: SourceExpression): string => `(${row.op === 'row' ? expressionList(row.items) : expressionText(row)})`;
  return joinWords([named, rows ? `VALUES ${source.rows.map(list).join(', ')}` : queryText(source)]);
}

// ---- definitions ----

const TYPE_WORDS: { readonly [name: string]: string } = { text: 'LONGTEXT', blob: 'LONGBLOB' };

const typeText = ({ name, modifiers }: SourceType): string =>
  `${TYPE_WORDS[name.parts[0]] ?? name.parts[0].toUpperCase()}${modifiers.length === 0 ? '' : `(${expressionList(modifiers)})`}`;

function createTableText(node: Extract<SourceStatement, { op: 'createTable' }>): string {
  const elements = [...node.columns.map(columnText), ...node.constraints.map(constraintText)];
  return joinWords([
    node.persistence === 'temporary' ? 'CREATE TEMPORARY TABLE' : 'CREATE TABLE',
    node.ifNotExists && 'IF NOT EXISTS',
    nameText(node.name),
    elements.length > 0 && `(${elements.join(', ')})`,
    node.as !== null && `AS ${queryText(node.as)}`,
  ]);
}

const columnText = ({ name, type, constraints }: SourceColumnDef): string =>
  joinWords([identifier(name), type !== null && typeText(type), ...constraints.map(columnConstraintText)]);

function columnConstraintText({ kind, expression }: SourceConstraint): string {
  if (kind === 'notNull') return 'NOT NULL';
  if (kind === 'null') return 'NULL';
  if (kind === 'check') return `CHECK (${expressionText(expression as SourceExpression)})`;
  if (kind !== 'default' || expression === null) throw cannot(kind);
  const isPlain = expression.op === 'constant';
  return `DEFAULT ${isPlain ? expressionText(expression) : `(${expressionText(expression)})`}`;
}

const ACTIONS: { readonly [action in SourceConstraint['onDelete']]: string } = {
  ...{ noAction: '', restrict: 'RESTRICT', cascade: 'CASCADE', setNull: 'SET NULL', setDefault: 'SET DEFAULT' },
};

function constraintText(node: SourceConstraint): string {
  const { kind, name, columns } = node;
  const named = name === null ? '' : `CONSTRAINT ${identifier(name)}`;
  switch (kind) {
    case 'primaryKey':
      return `PRIMARY KEY (${identifiers(columns)})`;
    case 'unique':
      return joinWords(['UNIQUE KEY', name !== null && identifier(shownKey(name)), `(${identifiers(columns)})`]);
    case 'check':
      return joinWords([named, `CHECK (${expressionText(node.expression as SourceExpression)})`]);
    case 'references':
      return joinWords([
        named,
        `FOREIGN KEY (${identifiers(columns)}) REFERENCES ${node.table === null ? '' : nameText(node.table)}`,
        `(${identifiers(node.referenced)})`,
        clause('ON DELETE', ACTIONS[node.onDelete]),
        clause('ON UPDATE', ACTIONS[node.onUpdate]),
      ]);
    default:
      throw cannot(kind);
  }
}

function createIndexText(node: Extract<SourceStatement, { op: 'createIndex' }>): string {
  const elements = node.elements.map(({ expression, descending }) => `${expressionText(expression)}${descending ? ' DESC' : ''}`);
  return joinWords([
    `CREATE${node.unique ? ' UNIQUE' : ''} INDEX ${identifier(shownKey(node.name ?? ''))}`,
    `ON ${nameText(node.table)} (${elements.join(', ')})`,
  ]);
}

function dropText({ kind, names, ifExists }: Extract<SourceStatement, { op: 'drop' }>): string {
  const exists = ifExists ? ' IF EXISTS' : '';
  if (kind === 'schema') return `DROP DATABASE${exists} ${nameText(names[0])}`;
  if (kind === 'table') return `DROP TABLE${exists} ${names.map(nameText).join(', ')}`;
  if (kind !== 'index') throw cannot(`DROP ${kind.toUpperCase()}`);
  const [...parts] = names[0].parts;
  const [table, ...rest] = (parts.pop() as string).split('.');
  return `DROP INDEX ${identifier(rest.join('.'))} ON ${[...parts, table].map(identifier).join('.')}`;
}

// ---- sessions ----

function sessionText(node: SourceStatement): string {
  switch (node.op) {
    case 'begin':
      if (!node.start) return 'BEGIN';
      return `START TRANSACTION${node.readOnly === null ? '' : node.readOnly ? ' READ ONLY' : ' READ WRITE'}`;
    case 'commit':
    case 'rollback':
      return `${node.op.toUpperCase()}${node.chain ? ' AND CHAIN' : ''}`;
    case 'savepoint':
      return `SAVEPOINT ${identifier(node.name)}`;
    case 'release':
      return `RELEASE SAVEPOINT ${identifier(node.name)}`;
    case 'rollbackTo':
      return `ROLLBACK TO SAVEPOINT ${identifier(node.name)}`;
    case 'set':
      return setText(node);
    case 'setSeveral':
      return `SET ${settingsText(node.settings)}`;
    default:
      throw cannot(node.op);
  }
}

const setText = (node: Extract<SourceStatement, { op: 'set' }>): string => {
  if (node.name !== 'search_path') return `SET ${settingsText([node])}`;
  const [value] = node.values;
  return `USE ${identifier(value.op === 'constant' ? value.text.slice(1, -1).replaceAll('""', '"') : '')}`;
};

/** MySQL's own settings; those of the engine follow from them. */
const settingsText = (settings: readonly SourceStatement[]): string =>
  settings
    .flatMap((one) => (one.op === 'set' && one.name.startsWith('mysql.') ? [one] : []))
    .map(({ name, values }) => `SESSION ${name.slice('mysql.'.length)} = ${expressionList(values)}`)
    .join(', ');
