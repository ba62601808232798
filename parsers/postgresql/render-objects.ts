/** Schemas, views, routines, ALTER, COMMENT as canonical text. */

import type {
  SourceAlterAction,
  SourceOption,
  SourceQuery,
  SourceRoutineArgument,
  SourceStatement,
  SourceType,
} from '../../engine/sblr/source.gen.ts';
import { clause, joinWords, quotedString } from '../kit/text.ts';
import { boundText, columnText, constraintText, optionsText, sequenceOptionText, withOptionsText } from './render-definition.ts';
import { expressionText } from './render-expression.ts';
import { identifier, identifiers, nameText, typeText } from './render-names.ts';
import { madeTypeText } from './render-made-types.ts';
import { queryText } from './render-query.ts';

export type ObjectStatement = Extract<
  SourceStatement,
  {
    op:
      | ('createSchema' | 'createView' | 'alter' | 'createRoutine' | 'callProcedure' | 'dropRoutine' | 'comment')
      | ('setConstraints' | 'reindex' | 'createType' | 'createDomain' | 'alterType');
  }
>;

/** Renders statements inside others. */
type RenderStatement = (statement: SourceStatement | SourceQuery) => string;

const shownType = (type: SourceType): string => typeText(type, expressionText);

export function objectText(statement: ObjectStatement, render: RenderStatement): string {
  switch (statement.op) {
    case 'createSchema':
      return joinWords([
        'CREATE SCHEMA',
        statement.ifNotExists && 'IF NOT EXISTS',
        statement.name !== null && identifier(statement.name),
        statement.role !== null && `AUTHORIZATION ${identifier(statement.role)}`,
        ...statement.elements.map(render),
      ]);
    case 'createView':
      return viewText(statement);
    case 'alter':
      return joinWords([
        `ALTER ${statement.kind.toUpperCase()}`,
        statement.ifExists && 'IF EXISTS',
        statement.only && 'ONLY',
        routineText(statement),
        statement.actions.map(actionText).join(', '),
      ]);
    case 'createRoutine':
      return createRoutineText(statement, render);
    case 'callProcedure':
      return `CALL ${expressionText(statement.call)}`;
    case 'createType':
    case 'createDomain':
    case 'alterType':
      return madeTypeText(statement);
    case 'dropRoutine':
      return joinWords([
        `DROP ${statement.kind.toUpperCase()}`,
        statement.ifExists && 'IF EXISTS',
        statement.routines.map(routineText).join(', '),
        statement.cascade && 'CASCADE',
      ]);
    case 'comment':
      return joinWords([
        `COMMENT ON ${statement.kind.toUpperCase()} ${routineText(statement)}`,
        statement.of !== null && `ON ${nameText(statement.of)}`,
        `IS ${statement.text === null ? 'NULL' : quotedString(statement.text)}`,
      ]);
    case 'setConstraints':
      return joinWords([
        'SET CONSTRAINTS',
        statement.names.length === 0 ? 'ALL' : statement.names.map(nameText).join(', '),
        statement.deferred ? 'DEFERRED' : 'IMMEDIATE',
      ]);
    case 'reindex':
      return joinWords([`REINDEX ${statement.kind.toUpperCase()}`, statement.name !== null && nameText(statement.name)]);
  }
}

function routineText(named: Pick<Extract<ObjectStatement, { op: 'alter' }>, 'name' | 'arguments' | 'argumentsGiven'>): string {
  return `${nameText(named.name)}${named.argumentsGiven ? `(${named.arguments.map(shownType).join(', ')})` : ''}`;
}

const CHECKS = { none: '', local: 'WITH LOCAL CHECK OPTION', cascaded: 'WITH CASCADED CHECK OPTION' } as const;

function viewText(statement: Extract<ObjectStatement, { op: 'createView' }>): string {
  return joinWords([
    'CREATE',
    statement.replace && 'OR REPLACE',
    statement.persistence === 'temporary' && 'TEMPORARY',
    'VIEW',
    nameText(statement.name),
    statement.columns.length > 0 && `(${identifiers(statement.columns)})`,
    statement.options.length > 0 && withOptionsText(statement.options),
    `AS ${queryText(statement.query)}`,
    CHECKS[statement.check],
  ]);
}

// ---- ALTER ----

const flag = ({ value }: SourceOption): boolean => value?.op === 'constant' && value.text === 'true';

function actionText(action: SourceAlterAction): string {
  const name = action.name === null ? '' : identifier(action.name);
  const to = action.to === null ? '' : identifier(action.to);
  const ifExists = action.ifExists ? 'IF EXISTS' : '';
  const cascade = action.cascade ? 'CASCADE' : '';
  const value = action.expression === null ? '' : expressionText(action.expression);
  const column = `ALTER COLUMN ${name}`;
  const table = action.table === null ? '' : nameText(action.table);
  switch (action.kind) {
    case 'addColumn':
      return joinWords([
        'ADD COLUMN',
        action.ifExists && 'IF NOT EXISTS',
        action.column === null ? '' : columnText(action.column),
      ]);
    case 'dropColumn':
      return joinWords(['DROP COLUMN', ifExists, name, cascade]);
    case 'setDefault':
      return `${column} SET DEFAULT ${value}`;
    case 'dropDefault':
      return `${column} DROP DEFAULT`;
    case 'setNotNull':
      return `${column} SET NOT NULL`;
    case 'dropNotNull':
      return `${column} DROP NOT NULL`;
    case 'setType':
      return joinWords([
        `${column} TYPE`,
        action.type !== null && shownType(action.type),
        action.collation !== null && `COLLATE ${nameText(action.collation)}`,
        clause('USING', value),
      ]);
    case 'addConstraint':
      return `ADD ${action.constraint === null ? '' : constraintText(action.constraint, true)}`;
    case 'dropConstraint':
      return joinWords(['DROP CONSTRAINT', ifExists, name, cascade]);
    case 'validateConstraint':
      return `VALIDATE CONSTRAINT ${name}`;
    case 'alterConstraint': {
      const [deferrable, deferred] = action.options.map(flag);
      const initially = deferred ? 'INITIALLY DEFERRED' : '';
      return joinWords([`ALTER CONSTRAINT ${name}`, deferrable && 'DEFERRABLE', initially]);
    }
    case 'renameTo':
      return `RENAME TO ${to}`;
    case 'renameColumn':
      return `RENAME COLUMN ${name} TO ${to}`;
    case 'renameConstraint':
      return `RENAME CONSTRAINT ${name} TO ${to}`;
    case 'setSchema':
      return `SET SCHEMA ${to}`;
    case 'ownerTo':
      return `OWNER TO ${to}`;
    case 'setOptions':
      return `SET ${optionsText(action.options)}`;
    case 'resetOptions':
      return `RESET ${optionsText(action.options)}`;
    case 'addIdentity':
      return `${column} ADD ${action.constraint === null ? '' : constraintText(action.constraint, false)}`;
    case 'setIdentity':
      return `${column} ${action.options.map(identityText).join(' ')}`;
    case 'dropIdentity':
      return joinWords([column, 'DROP IDENTITY', ifExists]);
    case 'dropExpression':
      return joinWords([column, 'DROP EXPRESSION', ifExists]);
    case 'setLogged':
      return 'SET LOGGED';
    case 'setUnlogged':
      return 'SET UNLOGGED';
    case 'sequenceOptions':
      return joinWords([action.type !== null && `AS ${shownType(action.type)}`, ...action.options.map(sequenceOptionText)]);
    case 'routineOptions':
      return action.options.map(routineOptionText).join(' ');
    case 'attachPartition':
      return joinWords([`ATTACH PARTITION ${table}`, action.bound !== null && boundText(action.bound)]);
    case 'detachPartition':
      return `DETACH PARTITION ${table}`;
    case 'inherit':
      return `INHERIT ${table}`;
    case 'noInherit':
      return `NO INHERIT ${table}`;
    case 'enableRowSecurity':
      return 'ENABLE ROW LEVEL SECURITY';
    case 'disableRowSecurity':
      return 'DISABLE ROW LEVEL SECURITY';
    case 'forceRowSecurity':
      return 'FORCE ROW LEVEL SECURITY';
    case 'noForceRowSecurity':
      return 'NO FORCE ROW LEVEL SECURITY';
    case 'noEffect':
      if (action.name === null) return 'SET WITHOUT CLUSTER';
      return action.options.length === 0 ? `${column} SET STATISTICS -1` : `${column} SET ${optionsText(action.options)}`;
  }
}

function identityText(option: SourceOption): string {
  if (option.name === 'restart') return sequenceOptionText(option);
  if (option.name !== 'generated') return `SET ${sequenceOptionText(option)}`;
  const isAlways = option.value?.op === 'constant' && option.value.text === 'always';
  return `SET GENERATED ${isAlways ? 'ALWAYS' : 'BY DEFAULT'}`;
}

// ---- routines ----

function createRoutineText(statement: Extract<ObjectStatement, { op: 'createRoutine' }>, render: RenderStatement): string {
  const { returns, columns, body, form, statements, language } = statement;
  const returned =
    columns.length > 0
      ? `RETURNS TABLE (${columns.map(argumentText).join(', ')})`
      : returns !== null && `RETURNS ${statement.returnsSet ? 'SETOF ' : ''}${shownType(returns)}`;
  return joinWords([
    'CREATE',
    statement.replace && 'OR REPLACE',
    statement.kind.toUpperCase(),
    `${nameText(statement.name)}(${statement.arguments.map(argumentText).join(', ')})`,
    returned,
    language !== null && `LANGUAGE ${identifier(language)}`,
    ...statement.options.map(routineOptionText),
    body !== null && `AS ${quotedString(body)}`,
    form === 'return' && `RETURN ${returnedText(statements[0])}`,
    form === 'atomic' && `BEGIN ATOMIC ${statements.map((one) => `${render(one)}; `).join('')}END`,
  ]);
}

function returnedText(query: SourceStatement | SourceQuery | undefined): string {
  if (query?.op !== 'select') return '';
  return expressionText(query.items[0].expression);
}

function argumentText(argument: SourceRoutineArgument): string {
  return joinWords([
    argument.mode !== 'in' && argument.mode.toUpperCase(),
    argument.name !== null && identifier(argument.name),
    shownType(argument.type),
    argument.default !== null && `DEFAULT ${expressionText(argument.default)}`,
  ]);
}

export function routineOptionText({ name, value }: SourceOption): string {
  const text = value?.op === 'constant' ? value.text : '';
  switch (name) {
    case 'volatility':
      return text.toUpperCase();
    case 'strict':
      return text === 'true' ? 'STRICT' : 'CALLED ON NULL INPUT';
    case 'security':
      return `SECURITY ${text.toUpperCase()}`;
    case 'leakproof':
      return text === 'true' ? 'LEAKPROOF' : 'NOT LEAKPROOF';
    case 'parallel':
      return `PARALLEL ${identifier(text)}`;
    default:
      return `${name.toUpperCase()} ${text}`;
  }
}
