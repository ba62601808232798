/** Changes, transactions and settings as canonical text. */

import { notSupported } from '../../engine/sblr/parse-error.ts';
import type {
  SourceConflict,
  SourceExpression,
  SourceIndexElement,
  SourceInsertNode,
  SourceMergeWhen,
  SourceOption,
  SourceQuery,
  SourceSetItem,
  SourceStatement,
} from '../../engine/sblr/source.gen.ts';
import { clause, joinWords } from '../kit/text.ts';
import { definitionText } from './render-definition.ts';
import { expressionText, restrictedText } from './render-expression.ts';
import { objectText, type ObjectStatement } from './render-objects.ts';
import { aliasText, identifier, identifiers, nameText, onlyText } from './render-names.ts';
import { type PlaceStatement, placeText } from './render-places.ts';
import { type PrivilegeStatement, privilegeText } from './render-privileges.ts';
import { sessionStatementText, type SessionStatement } from './render-sessions.ts';
import { fromListText, queryText, selectItemsText, withText } from './render-query.ts';

export function statementText(statement: SourceStatement | SourceQuery): string {
  switch (statement.op) {
    case 'select':
    case 'setOperation':
    case 'values':
      return queryText(statement);
    case 'insert':
      return insertText(statement);
    case 'update':
      return joinWords([
        statement.with !== null && withText(statement.with),
        `UPDATE ${onlyText(statement.table, statement.only)}${aliasText(statement.alias)} SET ${setText(statement.set)}`,
        clause('FROM', fromListText(statement.from)),
        statement.where !== null && `WHERE ${expressionText(statement.where)}`,
        clause('RETURNING', selectItemsText(statement.returning)),
      ]);
    case 'delete':
      return joinWords([
        statement.with !== null && withText(statement.with),
        `DELETE FROM ${onlyText(statement.table, statement.only)}${aliasText(statement.alias)}`,
        clause('USING', fromListText(statement.using)),
        statement.where !== null && `WHERE ${expressionText(statement.where)}`,
        clause('RETURNING', selectItemsText(statement.returning)),
      ]);
    case 'merge':
      return joinWords([
        statement.with !== null && withText(statement.with),
        `MERGE INTO ${onlyText(statement.table, statement.only)}${aliasText(statement.alias)}`,
        `USING ${fromListText([statement.source])} ON ${expressionText(statement.on)}`,
        ...statement.whens.map(mergeWhenText),
      ]);
    case 'truncate':
    case 'createTable':
    case 'createIndex':
    case 'createSequence':
    case 'drop':
    case 'analyze':
      return definitionText(statement);
    case 'createSchema':
    case 'createView':
    case 'alter':
    case 'createRoutine':
    case 'callProcedure':
    case 'dropRoutine':
    case 'comment':
    case 'setConstraints':
    case 'reindex':
    case 'createType':
    case 'createDomain':
    case 'alterType':
      return objectText(statement, statementText);
    case 'prepare':
    case 'execute':
    case 'deallocate':
    case 'declareCursor':
    case 'fetch':
    case 'closeCursor':
    case 'discard':
    case 'listen':
    case 'unlisten':
    case 'notify':
    case 'checkpoint':
    case 'vacuum':
    case 'lockTable':
    case 'copy':
      return sessionStatementText(statement, statementText);
    case 'createRole':
    case 'alterRole':
    case 'alterRoleSetting':
    case 'renameRole':
    case 'grant':
    case 'grantRole':
    case 'ownedBy':
    case 'createPolicy':
    case 'alterPolicy':
    case 'dropPolicy':
    case 'createStatistics':
    case 'alterStatistics':
    case 'dropStatistics':
      return privilegeText(statement);
    case 'createDatabase':
    case 'alterDatabase':
    case 'dropDatabase':
    case 'createExtension':
    case 'dropExtension':
      return placeText(statement);
    default:
      return sessionText(statement);
  }
}

function mergeWhenText(when: SourceMergeWhen): string {
  return joinWords([
    when.matched ? 'WHEN MATCHED' : 'WHEN NOT MATCHED',
    when.condition !== null && `AND ${expressionText(when.condition)}`,
    `THEN ${mergeActionText(when)}`,
  ]);
}

function mergeActionText(when: SourceMergeWhen): string {
  switch (when.action) {
    case 'nothing':
      return 'DO NOTHING';
    case 'delete':
      return 'DELETE';
    case 'update':
      return `UPDATE SET ${setText(when.set)}`;
    case 'insert':
      return joinWords([
        'INSERT',
        when.columns.length > 0 && `(${identifiers(when.columns)})`,
        OVERRIDING[when.overriding],
        when.values.length === 0 ? 'DEFAULT VALUES' : `VALUES (${when.values.map(expressionText).join(', ')})`,
      ]);
  }
}

const OVERRIDING = { none: '', system: 'OVERRIDING SYSTEM VALUE', user: 'OVERRIDING USER VALUE' } as const;

function insertText(statement: SourceInsertNode): string {
  return joinWords([
    statement.with !== null && withText(statement.with),
    `INSERT INTO ${nameText(statement.table)}`,
    statement.alias !== null && `AS ${identifier(statement.alias)}`,
    statement.columns.length > 0 && `(${identifiers(statement.columns)})`,
    OVERRIDING[statement.overriding],
    statement.source === null ? 'DEFAULT VALUES' : queryText(statement.source),
    statement.conflict !== null && conflictText(statement.conflict),
    clause('RETURNING', selectItemsText(statement.returning)),
  ]);
}

function conflictText(conflict: SourceConflict): string {
  return joinWords([
    'ON CONFLICT',
    conflict.constraint !== null && `ON CONSTRAINT ${identifier(conflict.constraint)}`,
    conflict.target.length > 0 && `(${conflict.target.map(indexElementText).join(', ')})`,
    conflict.targetWhere !== null && `WHERE ${expressionText(conflict.targetWhere)}`,
    conflict.action === 'nothing' ? 'DO NOTHING' : `DO UPDATE SET ${setText(conflict.set)}`,
    conflict.where !== null && `WHERE ${expressionText(conflict.where)}`,
  ]);
}

const setText = (items: readonly SourceSetItem[]): string =>
  items
    .map(({ columns, path, value, multiple }) => {
      const whole = path === null ? identifier(columns[0]) : expressionText(path);
      const target = multiple ? `(${identifiers(columns)})` : whole;
      return `${target} = ${expressionText(value)}`;
    })
    .join(', ');

/** A column or a call as it is, anything else in parentheses. */
export function indexElementText(element: SourceIndexElement): string {
  const { expression, collation, operatorClass, descending, nulls } = element;
  const isBare = (expression.op === 'column' && expression.name.parts.length === 1) || expression.op === 'call';
  return joinWords([
    isBare ? expressionText(expression) : `(${expressionText(expression)})`,
    collation !== null && `COLLATE ${nameText(collation)}`,
    operatorClass !== null && nameText(operatorClass),
    descending && 'DESC',
    nulls !== 'default' && `NULLS ${nulls.toUpperCase()}`,
  ]);
}

interface Modes {
  readonly isolation: string | null;
  readonly readOnly: boolean | null;
  readonly deferrable: boolean | null;
}

function modesText({ isolation, readOnly, deferrable }: Modes): string {
  const modes = [
    isolation !== null && `ISOLATION LEVEL ${isolation.toUpperCase()}`,
    readOnly !== null && (readOnly ? 'READ ONLY' : 'READ WRITE'),
    deferrable !== null && (deferrable ? 'DEFERRABLE' : 'NOT DEFERRABLE'),
  ];
  return modes.filter((mode) => mode !== false).join(', ');
}

/** The name of a setting: each part quoted where it must be. */
const settingName = (name: string): string => name.split('.').map(identifier).join('.');

type Session = Exclude<
  SourceStatement,
  {
    op:
      | 'insert'
      | 'update'
      | 'delete'
      | 'merge'
      | 'truncate'
      | 'createTable'
      | 'createIndex'
      | 'createSequence'
      | 'drop'
      | 'analyze';
  }
> &
  Exclude<SourceStatement, ObjectStatement | SessionStatement | PrivilegeStatement | PlaceStatement>;

function sessionText(statement: Session): string {
  switch (statement.op) {
    case 'begin':
      return joinWords([statement.start ? 'START TRANSACTION' : 'BEGIN', modesText(statement)]);
    case 'commit':
      return `COMMIT${statement.chain ? ' AND CHAIN' : ''}`;
    case 'rollback':
      return `ROLLBACK${statement.chain ? ' AND CHAIN' : ''}`;
    case 'savepoint':
      return `SAVEPOINT ${identifier(statement.name)}`;
    case 'release':
      return `RELEASE SAVEPOINT ${identifier(statement.name)}`;
    case 'rollbackTo':
      return `ROLLBACK TO SAVEPOINT ${identifier(statement.name)}`;
    case 'setTransaction': {
      const scope = statement.scope === 'session' ? 'SESSION CHARACTERISTICS AS TRANSACTION' : 'TRANSACTION';
      return `SET ${scope} ${modesText(statement)}`;
    }
    case 'set':
      return settingText(statement);
    case 'setSeveral':
      throw notSupported('SET of several settings', 0);
    case 'show':
      return `SHOW ${statement.name === null ? 'ALL' : settingName(statement.name)}`;
    case 'reset':
      return `RESET ${statement.name === null ? 'ALL' : settingName(statement.name)}`;
    case 'explain':
      return joinWords(['EXPLAIN', optionsText(statement.options), statementText(statement.statement)]);
  }
}

function settingText(statement: Extract<Session, { op: 'set' }>): string {
  const scope = statement.scope === 'local' ? 'LOCAL ' : '';
  const { values } = statement;
  if (values.length === 1 && values[0].op === 'typedLiteral') return `SET ${scope}TIME ZONE ${expressionText(values[0])}`;
  const value = values.length === 0 ? 'DEFAULT' : values.map(expressionText).join(', ');
  return `SET ${scope}${settingName(statement.name)} TO ${value}`;
}

/** EXPLAIN's options; nothing when there are none. */
function optionsText(options: readonly SourceOption[]): string {
  if (options.length === 0) return '';
  const value = (node: SourceExpression | null): string => (node === null ? '' : ` ${restrictedText(node)}`);
  return `(${options.map((option) => `${option.name}${value(option.value)}`).join(', ')})`;
}
