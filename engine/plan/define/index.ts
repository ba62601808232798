/** Keys and options of an index: columns, expressions, their order; conditions of partial ones. */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { IndexDefinition, IndexKey } from '../../catalog/definitions.ts';
import { acceptsType, defaultTokens } from '../../catalog/token-classes.ts';
import { expressionName } from '../../catalog/names.ts';
import type { SourceCreateIndexNode, SourceExpression, SourceIndexElement, SourceName } from '../../sblr/source.gen.ts';
import type { StoredExpression } from '../../catalog/objects.ts';
import { columnTest, foldParts, shownType } from '../../sblr/resolve-type.ts';
import { sqlType, type SqlType } from '../../sblr/types.ts';
import type { IndexMethod, TokenClass } from '../../storage/rows/runtime.ts';
import { bindExpression } from '../bind/bind.ts';
import type { ExpressionColumn } from '../bind/environment.ts';
import { type DefinitionEnvironment, fault, readerOf, storedExpression, unsupported } from './environment.ts';

const KEYS_MAX = 32;
/** Access methods of PostgreSQL that are not there. */
const OTHER_METHODS = ['gist', 'spgist', 'brin'];
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
  const predicate = definePredicate(source, table, environment);
  const method = methodOf(source);
  if (source.elements.length > KEYS_MAX)
    throw fault(SQLSTATE.program_limit_exceeded, `cannot use more than ${KEYS_MAX} columns in an index`, source.at);
  return {
    name: source.name,
    unique: source.unique,
    nullsDistinct: source.nullsDistinct,
    primary: false,
    method,
    keys: [...source.elements.map((element) => defineKey(element, method, table, environment)), ...conditionKey(source)],
    constraint: false,
    include: source.include,
    ...(predicate === undefined ? {} : { predicate }),
  };

  /** The rows of a partial unique index are told from others by a key of their own. */
  function conditionKey({ unique, where }: SourceCreateIndexNode): IndexKey[] {
    if (!unique || where === null) return [];
    const { at } = where;
    const result: SourceExpression = { op: 'constant', at, kind: 'integer', text: '0' };
    const marked: SourceExpression = {
      ...{ op: 'case', at, operand: null, otherwise: null },
      whens: [{ op: 'when', at, condition: where, result }],
    };
    const key = { expression: storedExpression(marked, environment), type: sqlType('int4'), name: 'expr' };
    return [{ key, descending: false, nullsFirst: false, isCondition: true }];
  }
}

/** WHERE: a condition over the table's columns that is the same for ever. 42P17, 42804 */
function definePredicate(
  { where }: SourceCreateIndexNode,
  table: IndexedTable,
  environment: DefinitionEnvironment,
): StoredExpression | undefined {
  if (where === null) return undefined;
  const { semantics } = environment;
  const of = { semantics, table: table.name, columns: table.columns, target: null, catalog: readerOf(environment) };
  bindExpression(where, { ...of, purpose: 'check' });
  try {
    bindExpression(where, { ...of, purpose: 'index' });
  } catch (error) {
    if (!(error instanceof SqlError) || error.code !== SQLSTATE.invalid_object_definition) throw error;
    throw fault(SQLSTATE.invalid_object_definition, 'functions in index predicate must be marked IMMUTABLE', where.at);
  }
  return storedExpression(where, environment);
}

function methodOf(source: SourceCreateIndexNode): IndexMethod {
  const method = source.method?.toLowerCase() ?? 'btree';
  if (method === 'btree') return method;
  if (method !== 'hash' && method !== 'gin') {
    if (OTHER_METHODS.includes(method)) throw unsupported(`access method "${method}" is`, source.at);
    throw fault(SQLSTATE.undefined_object, `access method "${method}" does not exist`, source.at);
  }
  const refuse = (what: string): never => {
    throw fault(SQLSTATE.feature_not_supported, `access method "${method}" does not support ${what}`, source.at);
  };
  if (source.unique) refuse('unique indexes');
  if (source.elements.length > 1 && method === 'hash') refuse('multicolumn indexes');
  if (source.include.length > 0) refuse('included columns');
  for (const element of source.elements) {
    if (element.descending) refuse('ASC/DESC options');
    if (element.nulls !== 'default') refuse('NULLS FIRST/LAST options');
  }
  return method;
}

/** The collation of a column, as the catalog names it; none: that of the database. */
export function collationNamed(name: SourceName | null, { semantics }: DefinitionEnvironment): { readonly collation?: string } {
  if (name === null) return {};
  const parts = foldParts(name, semantics);
  checkCollation(parts, name.at);
  const own = parts[parts.length - 1];
  return own === 'default' ? {} : { collation: own === 'POSIX' || own === 'posix' ? 'POSIX' : 'C' };
}

export function checkCollation(parts: readonly string[], at: number): void {
  const name = parts[parts.length - 1];
  if (PLAIN_COLLATIONS.includes(name)) return;
  throw unsupported(`collation "${name}" is`, at, 'text is ordered by its bytes: COLLATE "C"');
}

function defineKey(
  element: SourceIndexElement,
  method: IndexMethod,
  table: IndexedTable,
  environment: DefinitionEnvironment,
): IndexKey {
  const { semantics } = environment;
  if (element.collation !== null) checkCollation(foldParts(element.collation, semantics), element.collation.at);
  const named = element.operatorClass === null ? null : foldParts(element.operatorClass, semantics);
  if (named !== null && method !== 'gin') checkOperatorClass(named, element.operatorClass?.at ?? element.at);
  const tokens = (type: SqlType): Pick<IndexKey, 'tokens'> =>
    method === 'gin' ? { tokens: tokensOf(named, type, element, environment) } : {};
  const nullsFirst = element.nulls === 'default' ? element.descending : element.nulls === 'first';
  const order = { descending: element.descending, nullsFirst };
  const column = columnOf(element.expression, table, environment);
  const own = table.columns.find(({ name }) => name === column);
  if (column !== null && own !== undefined) return { key: { column }, ...order, ...tokens(own.type) };
  const { expression, type } = bindKey(element.expression, table, environment);
  return { key: { expression, type, name: expressionName(element.expression) }, ...order, ...tokens(type) };
}

const TOKEN_CLASSES: readonly string[] = ['jsonb_ops', 'jsonb_path_ops', 'array_ops'] satisfies TokenClass[];

/** The operator class of a gin index. 42704, 42804 */
function tokensOf(
  named: readonly string[] | null,
  type: SqlType,
  { at }: SourceIndexElement,
  { semantics }: DefinitionEnvironment,
): TokenClass {
  const name = named === null ? defaultTokens(type) : named[named.length - 1];
  if (name === null)
    throw fault(
      SQLSTATE.undefined_object,
      `data type ${shownType(type.name, semantics)} has no default operator class for access method "gin"`,
      at,
      { hint: 'You must specify an operator class for the index or define a default operator class for the data type.' },
    );
  if (!TOKEN_CLASSES.includes(name))
    throw fault(SQLSTATE.undefined_object, `operator class "${name}" does not exist for access method "gin"`, at);
  if (!acceptsType(name as TokenClass, type))
    throw fault(
      SQLSTATE.datatype_mismatch,
      `operator class "${name}" does not accept data type ${shownType(type.name, semantics)}`,
      at,
    );
  return name as TokenClass;
}

/** Of a partition key: the order there is. */
export function checkKeyCollation({ collation, operatorClass }: SourceIndexElement, { semantics }: DefinitionEnvironment): void {
  if (collation !== null) checkCollation(foldParts(collation, semantics), collation.at);
  if (operatorClass !== null) checkOperatorClass(foldParts(operatorClass, semantics), operatorClass.at);
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
  const isNamed = columnTest(name, semantics);
  const found = table.columns.find((column) => isNamed(column.name));
  if (found === undefined) throw fault(SQLSTATE.undefined_column, `column "${name}" does not exist`, source.at);
  return found.name;
}

function bindKey(source: SourceExpression, table: IndexedTable, environment: DefinitionEnvironment) {
  const { semantics } = environment;
  const of = { semantics, table: table.name, columns: table.columns, target: null, catalog: readerOf(environment) };
  const bound = bindExpression(source, { ...of, purpose: 'index' });
  return { expression: storedExpression(source, environment), type: bound.expression.type };
}
