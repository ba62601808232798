/**
 * Statements that are not compiled: transactions, settings, EXPLAIN, and what the catalog defines.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { explain } from '../plan/explain.ts';
import type { Actual } from '../plan/explain-nodes.ts';
import type { PhysicalStatement } from '../plan/physical.ts';
import type { BoundStatement, OutputColumn } from '../sblr/bound.ts';
import { printBoundModule } from '../sblr/print-bound.ts';
import type { SourceExpression, SourceStatement } from '../sblr/source.gen.ts';
import { sqlType } from '../sblr/types.ts';
import type { Characteristics, Session } from '../session/session.ts';
import type { Engine, Notice, UtilityResult } from './engine.ts';
import type { Shape } from './shape.ts';

const NOTHING: readonly never[] = [];

const done = (tag: string, notices: readonly Notice[] = NOTHING): UtilityResult => ({ tag, notices, rows: NOTHING });

const warning = (code: string, message: string): Notice => ({ severity: 'WARNING', code, message });

const told = (name: string, type: 'text' | 'json' = 'text'): OutputColumn => ({
  ...{ name, column: 0, type: sqlType(type, false), table: 0, attribute: 0 },
});

/** Columns of the statements that answer rows without being compiled; null for all others. */
export function utilityOutput(statement: BoundStatement): readonly OutputColumn[] | null {
  if (statement.kind === 'explain') return [told('QUERY PLAN', statement.format === 'json' ? 'json' : 'text')];
  if (statement.kind === 'utility' && statement.call !== undefined) return statement.call.output;
  if (statement.kind !== 'utility' || statement.statement.op !== 'show') return null;
  const { name } = statement.statement;
  return name === null ? ['name', 'setting', 'description'].map((one) => told(one)) : [told(name.toLowerCase())];
}

/** True for statements that end or begin blocks: they run outside any transaction of their own. */
export function isTransactionControl(statement: SourceStatement): boolean {
  switch (statement.op) {
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'savepoint':
    case 'release':
    case 'rollbackTo':
    case 'setTransaction':
      return true;
    default:
      return false;
  }
}

/** True for statements that change the catalog: they need a transaction that writes. */
export function isDefinition(statement: SourceStatement): boolean {
  switch (statement.op) {
    case 'createTable':
    case 'createIndex':
    case 'createSequence':
    case 'drop':
    case 'truncate':
    case 'analyze':
    case 'vacuum':
    case 'lockTable':
    case 'checkpoint':
    case 'createSchema':
    case 'createView':
    case 'alter':
    case 'createRoutine':
    case 'dropRoutine':
    case 'comment':
    case 'reindex':
    case 'setConstraints':
    case 'createType':
    case 'createDomain':
    case 'alterType':
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
    case 'createDatabase':
    case 'alterDatabase':
    case 'dropDatabase':
    case 'createExtension':
    case 'dropExtension':
      return true;
    default:
      return false;
  }
}

/** COMMIT and ROLLBACK of a session, which wait for the disk in their own way: the caller does that. */
export type TransactionEnd = 'commit' | 'rollback' | null;

export const transactionEnd = (statement: SourceStatement): TransactionEnd =>
  statement.op === 'commit' || statement.op === 'rollback' ? statement.op : null;

/** Transaction statements but BEGIN, COMMIT and ROLLBACK, and settings. Inside the engine. */
export function runControl(session: Session, statement: SourceStatement): UtilityResult {
  switch (statement.op) {
    case 'savepoint':
      session.savepoint(statement.name);
      return done('SAVEPOINT');
    case 'release':
      session.releaseSavepoint(statement.name);
      return done('RELEASE');
    case 'rollbackTo':
      session.rollbackToSavepoint(statement.name);
      return done('ROLLBACK');
    case 'setTransaction':
      return setTransaction(session, statement);
    case 'set':
      return setSetting(session, statement);
    case 'setSeveral':
      return setSeveral(session, statement);
    case 'reset':
      if (statement.name === null) session.resetSettings();
      else session.settings.set(statement.name, null, session.transaction !== null);
      return done('RESET');
    case 'show':
      return show(session, statement.name);
    default:
      throw new SqlError(SQLSTATE.feature_not_supported, `${statement.op} is not supported here`, { position: statement.at });
  }
}

const characteristics = (statement: { isolation: string | null; readOnly: boolean | null }): Characteristics => ({
  isolation: statement.isolation,
  readOnly: statement.readOnly,
});

function setTransaction(session: Session, statement: SourceStatement & { op: 'setTransaction' }): UtilityResult {
  if (statement.scope === 'session') {
    const inBlock = session.transaction !== null;
    if (statement.isolation !== null) session.settings.set('default_transaction_isolation', statement.isolation, inBlock);
    if (statement.readOnly !== null) {
      session.settings.set('default_transaction_read_only', statement.readOnly ? 'on' : 'off', inBlock);
    }
    return done('SET');
  }
  if (session.transaction === null) {
    return done('SET', [warning('25P01', 'SET TRANSACTION can only be used in transaction blocks')]);
  }
  session.setCharacteristics(characteristics(statement));
  return done('SET');
}

function setSetting(session: Session, statement: SourceStatement & { op: 'set' }): UtilityResult {
  const inBlock = session.transaction !== null;
  const local = statement.scope === 'local';
  const notices = local && !inBlock ? [warning('25P01', 'SET LOCAL can only be used in transaction blocks')] : NOTHING;
  const value = statement.values.length === 0 ? null : statement.values.map(settingText).join(', ');
  session.setSetting(statement.name, value, local);
  return done('SET', notices);
}

/** One behind the other; what the first ones have set is taken back when one is refused. */
function setSeveral(session: Session, { settings }: SourceStatement & { op: 'setSeveral' }): UtilityResult {
  const before: (readonly [string, string | null])[] = [];
  try {
    for (const one of settings) {
      if (one.op !== 'set') throw new SqlError(SQLSTATE.internal_error, `SET of several settings holds ${one.op}`);
      before.push([one.name, session.settings.given.find(([name]) => name === one.name.toLowerCase())?.[1] ?? null]);
      setSetting(session, one);
    }
  } catch (error) {
    for (const [name, value] of before.slice(0, -1).reverse()) session.setSetting(name, value, false);
    throw error;
  }
  return done('SET');
}

/** The value of SET as text: constants, and names, which stand for themselves. */
function settingText(value: SourceExpression): string {
  switch (value.op) {
    case 'constant':
      return value.text;
    case 'column':
      return value.name.parts.join('.');
    case 'operator':
      if (value.left === null) return `${value.name.parts[0]}${settingText(value.right)}`;
      break;
    case 'typedLiteral':
      return value.text;
    default:
  }
  throw new SqlError(SQLSTATE.feature_not_supported, 'SET takes constants and names', { position: value.at });
}

function show(session: Session, name: string | null): UtilityResult {
  if (name === null) {
    const rows = session.settings.all().map(({ name: one, setting, description }) => [one, setting, description]);
    return { tag: 'SHOW', notices: NOTHING, rows };
  }
  const folded = name.toLowerCase();
  const { transaction } = session;
  let value = session.settings.shown(folded);
  if (folded === 'transaction_isolation') {
    value = transaction === null ? session.settings.get('default_transaction_isolation') : ISOLATION_NAMES[transaction.isolation];
  } else if (folded === 'transaction_read_only') {
    value = transaction === null ? session.settings.get('default_transaction_read_only') : transaction.readOnly ? 'on' : 'off';
  }
  return { tag: 'SHOW', notices: NOTHING, rows: [[value]] };
}

const ISOLATION_NAMES: { readonly [level: number]: string } = {
  1: 'read committed',
  2: 'repeatable read',
  3: 'serializable',
};

/** EXPLAIN: nothing runs here. `ran`: of ANALYZE, the plan that has run and what it counted. */
export function runExplain(
  engine: Engine,
  session: Session,
  shape: Shape,
  ran: { readonly plan: PhysicalStatement; readonly actual: Actual } | null = null,
): UtilityResult {
  const { statement } = shape.module;
  if (statement.kind !== 'explain') throw new SqlError(SQLSTATE.internal_error, 'EXPLAIN explains an EXPLAIN');
  if (shape.plan === null) {
    throw new SqlError(SQLSTATE.feature_not_supported, 'EXPLAIN takes queries, INSERT, UPDATE and DELETE');
  }
  engine.active = session;
  const catalog = engine.catalog.reader(session, session.transaction);
  const text = explain(statement, ran?.plan ?? shape.plan, {
    actual: ran?.actual ?? null,
    relation: (id) => catalog.relation(id),
    code: () =>
      engine.compiler.explainCode(shape.plan as NonNullable<typeof shape.plan>, shape.parts.parameters, engine.environment),
    sblr: () => printBoundModule(shape.module),
  });
  // All but text is one value.
  const rows = statement.format !== 'text' ? [[text.join('\n')]] : text.map((line) => [line]);
  return { tag: 'EXPLAIN', notices: NOTHING, rows };
}
