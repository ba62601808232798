/** Keys and options of an index: columns, expressions, their order. Partial and covering indexes are not there (0A000). */

import { SQLSTATE } from '../../../shm/errors.ts';
import type { IndexDefinition, IndexKey } from '../../catalog/definitions.ts';
import { expressionName } from '../../catalog/names.ts';
import type { SourceCreateIndexNode, SourceExpression, SourceIndexElement } from '../../sblr/source.gen.ts';
import { foldParts } from '../../sblr/resolve-type.ts';
import { bindExpression } from '../bind/bind.ts';
import type { ExpressionColumn } from '../bind/environment.ts';
import { type DefinitionEnvironment, fault, storedExpression, unsupported } from './environment.ts';

const KEYS_MAX = 32;
/** Access methods of PostgreSQL that are not there. */
const OTHER_METHODS = ['gist', 'gin', 'spgist', 'brin'];
/** Orders that are the one there is: of the bytes. */
const PLAIN_COLLATIONS = ['C', 'POSIX', 'ucs_basic', 'default', 'c', 'posix'];

export interface IndexedTable {
  readonly name: string;
  readonly columns: readonly ExpressionColumn[];
}

export function defineIndex(
  source: SourceCreateIndexNode,
  table: IndexedTable,
  environment: DefinitionEnvironment,
): IndexDefinition {
  if (source.concurrently) throw unsupported('CREATE INDEX CONCURRENTLY is', source.at, 'leave CONCURRENTLY out');
  if (source.where !== null) throw unsupported('partial indexes (WHERE) are', source.where.at);
  if (source.include.length > 0) throw unsupported('INCLUDE columns are', source.at);
  const method = methodOf(source);
  if (source.elements.length > KEYS_MAX)
    throw fault(SQLSTATE.program_limit_exceeded, `cannot use more than ${KEYS_MAX} columns in an index`, source.at);
  return {
    name: source.name,
    unique: source.unique,
    nullsDistinct: source.nullsDistinct,
    primary: false,
    method,
    keys: source.elements.map((element) => defineKey(element, table, environment)),
    constraint: false,
  };
}

function methodOf(source: SourceCreateIndexNode): 'btree' | 'hash' {
  const method = source.method?.toLowerCase() ?? 'btree';
  if (method === 'btree') return method;
  if (method !== 'hash') {
    if (OTHER_METHODS.includes(method)) throw unsupported(`access method "${method}" is`, source.at);
    throw fault(SQLSTATE.undefined_object, `access method "${method}" does not exist`, source.at);
  }
  const refuse = (what: string): never => {
    throw fault(SQLSTATE.feature_not_supported, `access method "hash" does not support ${what}`, source.at);
  };
  if (source.unique) refuse('unique indexes');
  if (source.elements.length > 1) refuse('multicolumn indexes');
  const [element] = source.elements;
  if (element.descending) refuse('ASC/DESC options');
  if (element.nulls !== 'default') refuse('NULLS FIRST/LAST options');
  return method;
}

export function checkCollation(parts: readonly string[], at: number): void {
  const name = parts[parts.length - 1];
  if (PLAIN_COLLATIONS.includes(name)) return;
  throw unsupported(`collation "${name}" is`, at, 'text is ordered by its bytes: COLLATE "C"');
}

function defineKey(element: SourceIndexElement, table: IndexedTable, environment: DefinitionEnvironment): IndexKey {
  const { semantics } = environment;
  if (element.collation !== null) checkCollation(foldParts(element.collation, semantics), element.collation.at);
  if (element.operatorClass !== null) checkOperatorClass(foldParts(element.operatorClass, semantics), element.operatorClass.at);
  const nullsFirst = element.nulls === 'default' ? element.descending : element.nulls === 'first';
  const order = { descending: element.descending, nullsFirst };
  const column = columnOf(element.expression, table, environment);
  if (column !== null) return { key: { column }, ...order };
  const { expression, type } = bindKey(element.expression, table, environment);
  return { key: { expression, type, name: expressionName(element.expression) }, ...order };
}

/** Operator classes whose order is that of the type. */
function checkOperatorClass(parts: readonly string[], at: number): void {
  const name = parts[parts.length - 1];
  if (/^[a-z0-9]+(_pattern)?_ops$/.test(name)) return;
  throw fault(SQLSTATE.undefined_object, `operator class "${name}" does not exist for access method "btree"`, at);
}

/** The column that the element is, or null: an expression. 42703 */
function columnOf(source: SourceExpression, table: IndexedTable, { semantics }: DefinitionEnvironment): string | null {
  if (source.op !== 'column') return null;
  const parts = foldParts(source.name, semantics);
  const name = parts[parts.length - 1];
  if (!table.columns.some((column) => column.name === name))
    throw fault(SQLSTATE.undefined_column, `column "${name}" does not exist`, source.at);
  return name;
}

function bindKey(source: SourceExpression, table: IndexedTable, environment: DefinitionEnvironment) {
  const { semantics } = environment;
  const bound = bindExpression(source, { semantics, table: table.name, columns: table.columns, purpose: 'index', target: null });
  return { expression: storedExpression(source, environment), type: bound.expression.type };
}
