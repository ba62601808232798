import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { semantics } from '../../../parsers/postgresql/semantics.ts';
import { SqlError } from '../../../shm/errors.ts';
import { decodeBound, encodeBound } from '../../sblr/binary-bound.ts';
import type { BoundModule, BoundQuery } from '../../sblr/bound.ts';
import { type ModuleHeader, moduleHash } from '../../sblr/header.ts';
import { printBound } from '../../sblr/print-bound.ts';
import type { SourceExpression, SourceQuery, SourceStatement } from '../../sblr/source.gen.ts';
import {
  call,
  column,
  constant,
  from,
  item,
  name,
  operator,
  parameter,
  RANDOM_LIMITS,
  randomFrom,
  randomNode,
  select,
  sortItem,
  string,
} from '../../sblr/source-fixture.ts';
import { sqlType } from '../../sblr/types.ts';
import { verifyBound } from '../../sblr/verify-bound.ts';
import { bind, bindExpression } from './bind.ts';
import { catalogOf, environmentOf, stored, TABLE_T, table, tableColumn, uniqueIndex } from './catalog-fixture.ts';
import type { BindEnvironment } from './environment.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const environment = environmentOf(semantics);

function bound(statement: SourceStatement | SourceQuery, more: Partial<BindEnvironment> = {}): BoundModule {
  const module = bind(statement, { ...environment, ...more });
  verifyBound(module);
  return module;
}
const typesOf = (module: BoundModule): string[] =>
  (module.statement as BoundQuery).output.map(
    ({ type }) => `${type.name}${type.nullable ? '' : '!'} ${type.length} ${type.scale} ${type.digits}`,
  );
const typeOf = (expression: SourceExpression): string =>
  typesOf(bound(select({ items: [item(expression)], from: [from('t')] })))[0];

test('what may be NULL follows from columns, strictness and forms', () => {
  strictEqual(typeOf(operator('+', column('id'), constant('1'))), 'int4! -1 -1 10');
  strictEqual(typeOf(operator('+', column('id'), column('a'))), 'int4 -1 -1 10');
  const coalesce: SourceExpression = { op: 'special', at: 0, function: 'coalesce', arguments: [column('a'), column('id')] };
  strictEqual(typeOf(coalesce), 'int4! -1 -1 10');
  strictEqual(typeOf({ op: 'isTest', at: 0, operand: column('a'), test: 'null', negated: false }), 'bool! -1 -1 0');
  strictEqual(typeOf(call('count', [column('a')])), 'int8! -1 -1 19');
  strictEqual(typeOf(call('sum', [column('id')])), 'int8 -1 -1 19');
});

test('scale and digits of exact numbers are carried through expressions, modifiers are not', () => {
  strictEqual(typeOf(column('p')), 'numeric 10 2 10');
  strictEqual(typeOf(operator('+', column('p'), column('p'))), 'numeric -1 2 11');
  strictEqual(typeOf(operator('*', column('p'), constant('1.5', 'decimal'))), 'numeric -1 3 12');
  strictEqual(typeOf(operator('*', column('p'), column('id'))), 'numeric -1 2 20');
  strictEqual(typeOf(operator('/', column('p'), column('p'))), 'numeric -1 -1 0');
  strictEqual(typeOf(call('sum', [column('p')])), 'numeric -1 2 0');
  strictEqual(typeOf(call('floor', [column('p')])), 'numeric -1 0 9');
  strictEqual(typeOf(operator('+', column('n'), column('p'))), 'numeric -1 -1 0');
});

test('a parameter has one type; where nothing says which, 42P18', () => {
  const where = operator('=', column('s'), parameter(1));
  deepStrictEqual(
    bound(select({ from: [from('t')], where })).parameters.map(({ name: type }) => type),
    ['text'],
  );
  const late = select({ items: [item(parameter(1)), item(operator('=', column('a'), parameter(1)))], from: [from('t')] });
  throws(() => bound(late), { code: '42P08', message: 'inconsistent types deduced for parameter $1' });
  throws(() => bound(select({ items: [item({ op: 'isTest', at: 0, operand: parameter(1), test: 'null', negated: false })] })), {
    code: '42P18',
  });
  throws(() => bound(select({ items: [item(parameter(2))] })), {
    code: '42P18',
    message: 'could not determine data type of parameter $1',
  });
  throws(() => bound(select({ items: [item(parameter(0))] })), { code: '42P02' });
});

test('a parameter under IS NULL has the type that it has elsewhere', () => {
  const isNull: SourceExpression = { op: 'isTest', at: 0, operand: parameter(1), test: 'null', negated: false };
  const where: SourceExpression = { op: 'or', at: 0, operands: [isNull, operator('=', column('a'), parameter(1))] };
  deepStrictEqual(
    bound(select({ from: [from('t')], where })).parameters.map(({ name: type }) => type),
    ['int4'],
  );
});

test('types that the client gives are kept', () => {
  const given = bound(select({ items: [item(operator('+', parameter(1), constant('1')))] }), {
    parameterTypes: [sqlType('int8')],
  });
  deepStrictEqual(typesOf(given), ['int8 -1 -1 19']);
});

const lifted = (index: number, kind: 'integer' | 'string' = 'integer'): SourceExpression => ({
  op: 'literal',
  at: 0,
  index,
  kind,
});
const literals = (...texts: string[]) =>
  texts.map((text) => ({ type: sqlType(/^\d+$/.test(text) ? 'int4' : 'unknown', false), text }));

test('lifted literals stand behind the parameters; a string becomes what it is compared with', () => {
  const where = operator('=', column('d'), lifted(1, 'string'));
  const module = bound(select({ items: [item(lifted(0)), item(parameter(1))], from: [from('t')], where }), {
    literals: literals('5', '2026-01-01'),
  });
  deepStrictEqual(
    module.parameters.map(({ name: type }) => type),
    ['text', 'int4', 'date'],
  );
  strictEqual(module.clientParameters, 1);
  deepStrictEqual(module.shaping, [], 'no value of a literal had a say');
});

test('literals whose values decide what a statement means are named', () => {
  const plus = (index: number): SourceExpression => operator('+', column('a'), lifted(index));
  const grouped = (...texts: string[]): BoundModule =>
    bound(select({ items: [item(plus(0)), item(call('count', [], { star: true }))], from: [from('t')], group: [plus(1)] }), {
      literals: literals(...texts),
    });
  deepStrictEqual(grouped('1', '1').shaping, [0, 1]);
  throws(() => grouped('1', '2'), { code: '42803' });
  const ordered = bound(select({ items: [item(column('a'))], from: [from('t')], order: [sortItem(lifted(0))] }), {
    literals: literals('1'),
  });
  deepStrictEqual(ordered.shaping, [0]);
});

test('rights: reading asks for select, a change for its own right and for select where it reads', () => {
  const denied = (right: 'select' | 'delete') => ({ catalog: catalogOf([TABLE_T], [right]) });
  throws(() => bound(select({ items: [item(column('a'))], from: [from('t')] }), denied('select')), {
    code: '42501',
    message: 'permission denied for table t',
  });
  const remove = (where: SourceExpression | null): SourceStatement => ({
    op: 'delete',
    at: 0,
    with: null,
    table: name('t'),
    alias: null,
    using: [],
    only: false,
    where,
    returning: [],
  });
  bound(remove(null), denied('select'));
  throws(() => bound(remove(operator('=', column('a'), constant('1'))), denied('select')), { code: '42501' });
  throws(() => bound(remove(null), denied('delete')), { code: '42501' });
  deepStrictEqual(bound(remove(operator('=', column('a'), constant('1')))).uses, [
    { object: 10, version: 1, rights: ['delete', 'select'], columnRights: [] },
  ]);
});

const INDEXED = table(
  5,
  'x',
  [
    tableColumn(1, 'id', sqlType('int4'), { notNull: true, default: stored(call('nextval', [string('x_id_seq')])) }),
    tableColumn(2, 's', sqlType('varchar', true, 3)),
    tableColumn(3, '#1', sqlType('text'), { hidden: stored(call('lower', [column('s')])) }),
    tableColumn(4, 'q', sqlType('int8'), { sequence: 77 }),
  ],
  [uniqueIndex(6, 'x_lower', [3])],
  [{ name: 'x_check', expression: stored(operator('<>', column('s'), string('no'))) }],
);

test('a new row has its defaults, sequences, checks and hidden attributes', () => {
  const insert: SourceStatement = {
    op: 'insert',
    at: 0,
    with: null,
    table: name('x'),
    alias: null,
    columnsAt: 4,
    columns: ['s'],
    overriding: 'none',
    source: {
      op: 'values',
      at: 0,
      with: null,
      rows: [{ op: 'row', at: 0, items: [parameter(1)] }],
      order: [],
      limit: null,
      offset: null,
      ties: false,
    },
    conflict: null,
    returning: [],
  };
  const printed = printBound(bound(insert, { catalog: catalogOf([INDEXED]) }).statement).split('\n');
  deepStrictEqual(printed, [
    'insert 5',
    '  row (c1 := 1 int4!, c2 := 2 varchar(3), c3 := 3 text, c4 := 4 int8!)',
    "    1 := int8.to.int4(sequence.next('x_id_seq'))",
    '    2 := c0',
    '    4 := sequence.next.oid(77:oid)',
    '    3 := text.lower(c2)',
    "    check x_check: text.notEqual(c2, 'no')",
    '  values (c0 varchar(3)) (varchar.to.varchar($1, 3, false))',
  ]);
});

test('an update says which attributes change, those that follow from them too', () => {
  const update: SourceStatement = {
    op: 'update',
    at: 0,
    only: false,
    with: null,
    table: name('x'),
    alias: null,
    set: [{ op: 'setItem', at: 0, columns: ['s'], path: null, value: string('ab'), multiple: false }],
    from: [],
    where: null,
    returning: [],
  };
  const { statement } = bound(update, { catalog: catalogOf([INDEXED]) });
  deepStrictEqual(statement.kind === 'update' && statement.changed, [2, 3]);
});

test('expressions of definitions: boolean checks, defaults without columns, immutable indexes', () => {
  const columns = [{ name: 'a', attribute: 4, type: sqlType('int4') }];
  const ask = (
    source: SourceExpression,
    purpose: 'check' | 'default' | 'index',
    target = purpose === 'default' ? sqlType('int4') : null,
  ) => bindExpression(source, { semantics, table: 'n', columns, purpose, target });
  deepStrictEqual(ask(operator('>', column('a'), constant('0')), 'check').attributes, [4]);
  throws(() => ask(column('a'), 'check'), { code: '42804', message: 'argument of CHECK must be type boolean, not type integer' });
  throws(() => ask(column('a'), 'default'), { code: '0A000' });
  throws(() => ask(constant('true', 'boolean'), 'default'), { code: '42804' });
  throws(() => ask(call('now'), 'index'), { code: '42P17' });
  throws(() => ask(call('sum', [column('a')]), 'check'), {
    code: '42803',
    message: 'aggregate functions are not allowed in check constraints',
  });
  throws(() => ask(parameter(1), 'check'), { code: '42P02' });
});

test('a cast that fails is an error only where it is sure to be evaluated', () => {
  const asInt = (text: string): SourceExpression => ({
    op: 'cast',
    at: 0,
    operand: {
      op: 'cast',
      at: 0,
      operand: string(text),
      type: { op: 'type', at: 0, name: name('text'), modifiers: [], dimensions: 0, fields: null },
    },
    type: { op: 'type', at: 0, name: name('int4'), modifiers: [], dimensions: 0, fields: null },
  });
  const guarded: SourceExpression = {
    op: 'case',
    at: 0,
    operand: null,
    whens: [{ op: 'when', at: 0, condition: column('k'), result: asInt('x') }],
    otherwise: asInt('7'),
  };
  const printed = printBound(bound(select({ items: [item(guarded)], from: [from('t')] })).statement).split('\n');
  strictEqual(printed[1], "  project c19 := case when c11 then text.to.int4('x') else 7 end");
});

test('what is not there yet is 0A000 with its place', () => {
  const unknown = call('xmlconcat', [], { at: 7 });
  const message = 'the function xmlconcat is not supported';
  throws(() => bound(select({ items: [item(unknown)] })), { code: '0A000', message, position: 7 });
});

test('IN with 5,000 values and AND with 5,000 conditions are one node each', () => {
  const list = Array.from({ length: 5000 }, (_, index) => constant(String(index)));
  const operands = list.map((value) => operator('<>', column('a'), value));
  const where: SourceExpression = { op: 'in', at: 0, operand: column('a'), list, negated: false };
  const { root } = bound(select({ from: [from('t')], where: { op: 'and', at: 0, operands: [where, ...operands] } }))
    .statement as BoundQuery;
  ok(root.op === 'filter' && root.condition.op === 'and' && root.condition.operands[0].op === 'in');
});

const HEADER: ModuleHeader = {
  dialect: 'postgresql',
  semantics: '',
  statement: '',
  tokens: 0,
  literals: 0,
  parameters: 0,
  columns: 0,
  shaping: [],
  settings: [],
};

test('random trees: an error with a code, or a module that is well formed and survives its bytes', () => {
  const random = randomFrom(SEED);
  const tables = { catalog: catalogOf([TABLE_T, INDEXED]), literals: literals('1', '2', 'x').slice(0, RANDOM_LIMITS.literals) };
  let whole = 0;
  for (let round = 0; round < 4000; round++) {
    const say = `seed ${SEED}, round ${round}`;
    const only = ['select', 'values', 'insert', 'update', 'delete'];
    const statement = randomNode(random, ['statement', 'query'], 1 + (round % 4)) as SourceStatement | SourceQuery;
    const made: { [key: string]: unknown } = statement as unknown as { [key: string]: unknown };
    if (only.includes(statement.op)) {
      // Far enough to be interesting: tables that are there, no clause that is refused.
      made.with = null;
      if ('table' in made) made.table = name(random() < 0.5 ? 't' : 'x');
      if ('from' in made) made.from = statement.op === 'select' && random() < 0.9 ? [from('t')] : [];
      if ('using' in made) made.using = [];
      if ('windows' in made) made.windows = [];
    }
    let module: BoundModule;
    try {
      module = bind(statement, { ...environment, ...tables });
    } catch (error) {
      ok(error instanceof SqlError && error.code !== 'XX000', `${say}: ${(error as Error).stack}`);
      continue;
    }
    verifyBound(module);
    const bytes = encodeBound(module, HEADER);
    deepStrictEqual(decodeBound(bytes).module, module, say);
    strictEqual(moduleHash(bytes), moduleHash(encodeBound(module, HEADER)), 'the same module has the same hash');
    if (module.statement.kind !== 'utility') whole++;
  }
  ok(whole > 20, `${whole} statements were bound: the test says too little`);
});

test('changed bytes of a bound module are refused, whatever was changed', () => {
  const random = randomFrom(SEED + 1);
  const module = bound(
    select({
      items: [
        item(column('a'), 'x'),
        item(call('count', [column('b')], { distinct: true, filter: operator('>', column('a'), constant('1')) })),
      ],
      from: [from('t')],
      where: operator('~~', column('s'), string('a%')),
      group: [column('x')],
      order: [sortItem(constant('2'), { descending: true })],
      limit: constant('10'),
    }),
  );
  const bytes = encodeBound(module, HEADER);
  for (let round = 0; round < 2000; round++) {
    const copy = Buffer.from(bytes);
    for (let count = 1 + (round % 3); count > 0; count--)
      copy[Math.floor(random() * copy.length)] ^= 1 << Math.floor(random() * 8);
    if (copy.equals(bytes)) continue;
    throws(
      () => decodeBound(copy),
      (error) => error instanceof SqlError,
      `seed ${SEED}, round ${round}`,
    );
  }
});
