/**
 * The bound form's instructions (bound.ts has its types). Encoded they are a linear stream for a stack machine: operands come before
 * their operator, so that a node takes its nodes from the stack and leaves itself (SBLR, 'Two forms').
 *
 * Kinds besides those of opcode-table.ts: `type` (SqlType), `value` (RowValue) and `source` (a source form's statement) are entries of
 * the constant pool.
 */

import { node, type OpcodeTable } from './opcode-table.ts';

const PLAIN = { type: 'type' } as const;
const RETURNING = { returning: 'projection[]', output: 'outputColumn[]' } as const;

export const BOUND_OPCODES = {
  // ---- expressions ----
  column: node(1, 'expression', 'a column of the input', { column: 'number', ...PLAIN }),
  parameter: node(2, 'expression', 'a slot of the parameters', { index: 'number', ...PLAIN }),
  constant: node(3, 'expression', 'a value', { value: 'value', ...PLAIN }),
  call: node(4, 'expression', 'a primitive', { primitive: 'text', arguments: 'expression[]', ...PLAIN, at: 'number' }),
  and: node(5, 'expression', 'AND', { operands: 'expression[]', ...PLAIN }),
  or: node(6, 'expression', 'OR', { operands: 'expression[]', ...PLAIN }),
  not: node(7, 'expression', 'NOT', { operand: 'expression', ...PLAIN }),
  isTest: node(8, 'expression', 'IS [NOT] NULL, TRUE, FALSE, UNKNOWN', {
    operand: 'expression',
    test: 'null|true|false|unknown',
    negated: 'boolean',
    ...PLAIN,
  }),
  isDistinct: node(9, 'expression', 'IS [NOT] DISTINCT FROM', {
    equal: 'text',
    left: 'expression',
    right: 'expression',
    negated: 'boolean',
    ...PLAIN,
  }),
  case: node(10, 'expression', 'searched CASE', { whens: 'when[]', otherwise: 'expression', ...PLAIN }),
  coalesce: node(11, 'expression', 'the first that is not NULL', { arguments: 'expression[]', ...PLAIN }),
  extreme: node(12, 'expression', 'GREATEST, LEAST', {
    kind: 'greatest|least',
    less: 'text',
    arguments: 'expression[]',
    ...PLAIN,
  }),
  in: node(13, 'expression', 'operand [NOT] IN (list)', {
    operand: 'expression',
    list: 'expression[]',
    equal: 'text',
    negated: 'boolean',
    ...PLAIN,
  }),
  let: node(14, 'expression', 'a value evaluated once for a body', {
    local: 'number',
    value: 'expression',
    body: 'expression',
    ...PLAIN,
  }),
  local: node(15, 'expression', 'the value of a `let`', { local: 'number', ...PLAIN }),
  subquery: node(16, 'expression', 'a query as a value', {
    kind: 'scalar|exists|any',
    outer: 'projection[]',
    relation: 'relation',
    columns: 'number[]',
    condition: 'expression?',
    ...PLAIN,
    at: 'number',
  }),

  // ---- parts ----
  when: node(20, 'when', 'a branch of CASE', { condition: 'expression', result: 'expression' }),
  tableColumn: node(21, 'tableColumn', 'a stored column under a column id', { column: 'number', attribute: 'number', ...PLAIN }),
  valueColumn: node(22, 'valueColumn', 'a column of VALUES', { column: 'number', ...PLAIN }),
  valueRow: node(23, 'valueRow', 'a row of VALUES', { items: 'expression[]' }),
  projection: node(24, 'projection', 'an expression under a column id', { column: 'number', expression: 'expression' }),
  aggregateCall: node(25, 'aggregateCall', 'an aggregate under a column id', {
    column: 'number',
    primitive: 'text',
    arguments: 'expression[]',
    distinct: 'boolean',
    order: 'sortKey[]',
    filter: 'expression?',
    ...PLAIN,
  }),
  sortKey: node(26, 'sortKey', 'a sort key', { expression: 'expression', descending: 'boolean', nullsFirst: 'boolean' }),
  outputColumn: node(27, 'outputColumn', 'a column of the result', {
    name: 'text',
    column: 'number',
    ...PLAIN,
    table: 'number',
    attribute: 'number',
  }),
  attribute: node(28, 'attribute', 'what an attribute of a new row becomes', {
    attribute: 'number',
    expression: 'expression',
    ...PLAIN,
  }),
  check: node(29, 'check', 'what a new row must satisfy', { name: 'text', expression: 'expression' }),
  newRow: node(30, 'newRow', 'a new row of a table', {
    table: 'number',
    attributes: 'attribute[]',
    row: 'tableColumn[]',
    checks: 'check[]',
  }),
  conflict: node(31, 'conflict', 'ON CONFLICT', {
    action: 'nothing|update',
    indexes: 'number[]',
    existing: 'tableColumn[]',
    change: 'newRow?',
    where: 'expression?',
  }),
  use: node(32, 'use', 'an object that the module rests on', {
    object: 'number',
    version: 'number',
    rights: 'text[]',
    columnRights: 'columnRight[]',
  }),
  columnRight: node(72, 'columnRight', 'a right that the role has to these columns only', { right: 'text', columns: 'number[]' }),
  module: node(33, 'module', 'the whole', {
    statement: 'statement',
    parameters: 'type[]',
    clientParameters: 'number',
    shaping: 'number[]',
    uses: 'use[]',
    columns: 'number',
  }),
  groupingSet: node(34, 'groupingSet', 'keys of a grouping set', { keys: 'number[]' }),
  groupingCall: node(35, 'groupingCall', 'GROUPING under a column id', { column: 'number', keys: 'number[]' }),
  setColumn: node(36, 'setColumn', 'a column of a set operation', {
    column: 'number',
    left: 'number',
    right: 'number',
    ...PLAIN,
  }),
  cteDefinition: node(37, 'cteDefinition', 'a relation of WITH', {
    cte: 'number',
    name: 'text',
    relation: 'relation',
    materialized: 'default|yes|no',
  }),
  cteColumn: node(38, 'cteColumn', 'a column of WITH under a fresh id', { column: 'number', source: 'number', ...PLAIN }),
  recurseColumn: node(39, 'recurseColumn', 'a column of a recursion', {
    column: 'number',
    base: 'number',
    step: 'number',
    ...PLAIN,
  }),
  frame: node(70, 'frame', 'the frame of a window function', {
    unit: 'rows|range|groups',
    start: 'unboundedPreceding|preceding|current|following|unboundedFollowing',
    startValue: 'expression?',
    end: 'unboundedPreceding|preceding|current|following|unboundedFollowing',
    endValue: 'expression?',
    rangeKey: 'expression?',
    exclude: 'none|current|group|ties',
  }),
  windowCall: node(71, 'windowCall', 'a window function under a column id', {
    column: 'number',
    primitive: 'text',
    arguments: 'expression[]',
    filter: 'expression?',
    frame: 'frame',
    ...PLAIN,
  }),

  // ---- relations ----
  get: node(40, 'relation', 'rows of a stored table', {
    table: 'number',
    alias: 'text',
    columns: 'tableColumn[]',
    rowId: 'number',
  }),
  virtual: node(41, 'relation', 'rows of a virtual table', { name: 'text', alias: 'text', columns: 'tableColumn[]' }),
  values: node(42, 'relation', 'rows of expressions', { columns: 'valueColumn[]', rows: 'valueRow[]' }),
  filter: node(43, 'relation', 'rows that satisfy a condition', { input: 'relation', condition: 'expression' }),
  project: node(44, 'relation', 'adds columns', { input: 'relation', columns: 'projection[]' }),
  aggregate: node(45, 'relation', 'groups; only keys and aggregates are seen above', {
    input: 'relation',
    keys: 'projection[]',
    aggregates: 'aggregateCall[]',
    sets: 'groupingSet[]',
    grouping: 'groupingCall[]',
  }),
  distinct: node(46, 'relation', 'of rows that agree in these columns the first', { input: 'relation', columns: 'number[]' }),
  sort: node(47, 'relation', 'an order', { input: 'relation', keys: 'sortKey[]' }),
  limit: node(48, 'relation', 'the first rows behind some', {
    input: 'relation',
    limit: 'expression?',
    offset: 'expression?',
    ties: 'sortKey[]',
  }),
  lock: node(49, 'relation', 'locks the rows that pass', {
    input: 'relation',
    table: 'number',
    rowId: 'number',
    strength: 'update|noKeyUpdate|share|keyShare',
    wait: 'wait|nowait|skip',
  }),
  join: node(50, 'relation', 'rows of two relations side by side', {
    kind: 'inner|left|right|full|semi|anti|mark|single',
    left: 'relation',
    right: 'relation',
    condition: 'expression?',
    lateral: 'boolean',
    mark: 'number',
  }),
  setOperation: node(51, 'relation', 'UNION, INTERSECT, EXCEPT', {
    kind: 'union|intersect|except',
    all: 'boolean',
    left: 'relation',
    right: 'relation',
    columns: 'setColumn[]',
  }),
  with: node(52, 'relation', 'relations with numbers, for what is behind', {
    definitions: 'cteDefinition[]',
    input: 'relation',
  }),
  cteRef: node(53, 'relation', 'rows of a relation of WITH', { cte: 'number', alias: 'text', columns: 'cteColumn[]' }),
  recurse: node(54, 'relation', 'a recursion', {
    work: 'number',
    base: 'relation',
    step: 'relation',
    all: 'boolean',
    columns: 'recurseColumn[]',
  }),
  workTable: node(55, 'relation', 'rows that a recursion gave last', { work: 'number', alias: 'text', columns: 'cteColumn[]' }),
  function: node(56, 'relation', 'rows of a set-returning primitive', {
    primitive: 'text',
    alias: 'text',
    arguments: 'expression[]',
    columns: 'valueColumn[]',
    ordinality: 'number',
  }),
  window: node(57, 'relation', 'adds columns over partitions', {
    input: 'relation',
    partition: 'expression[]',
    order: 'sortKey[]',
    functions: 'windowCall[]',
  }),

  change: node(59, 'relation', 'rows of a statement that changes others, in a WITH', { statement: 'statement' }),

  // ---- statements ----
  query: node(60, 'statement', 'rows for the client', { root: 'relation', output: 'outputColumn[]' }),
  insert: node(61, 'statement', 'INSERT', {
    table: 'number',
    source: 'relation',
    row: 'newRow',
    conflict: 'conflict?',
    ...RETURNING,
  }),
  update: node(62, 'statement', 'UPDATE', {
    table: 'number',
    source: 'relation',
    rowId: 'number',
    row: 'newRow',
    changed: 'number[]',
    ...RETURNING,
  }),
  delete: node(63, 'statement', 'DELETE', { table: 'number', source: 'relation', rowId: 'number', ...RETURNING }),
  utility: node(64, 'statement', 'a statement that is not compiled', { statement: 'source' }),
  merge: node(66, 'statement', 'MERGE', {
    table: 'number',
    source: 'relation',
    present: 'number',
    rowId: 'number',
    whens: 'mergeWhen[]',
    ...RETURNING,
  }),
  mergeWhen: node(67, 'mergeWhen', 'a branch of MERGE', {
    matched: 'boolean',
    condition: 'expression?',
    action: 'nothing|update|delete|insert',
    row: 'newRow?',
    changed: 'number[]',
  }),
  explain: node(65, 'statement', 'EXPLAIN', {
    analyze: 'boolean',
    format: 'text|json|dot|svg',
    sblr: 'boolean',
    codegen: 'boolean',
    statement: 'statement',
  }),
} as const satisfies OpcodeTable;
