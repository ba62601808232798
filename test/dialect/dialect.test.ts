import { deepStrictEqual, strictEqual, throws } from 'node:assert';
import { readFileSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bind } from '../../engine/plan/bind/bind.ts';
import { environmentOf, table, tableColumn } from '../../engine/plan/bind/catalog-fixture.ts';
import type { BoundQuery } from '../../engine/sblr/bound.ts';
import { printBound } from '../../engine/sblr/print-bound.ts';
import { semanticsHash } from '../../engine/sblr/header.ts';
import { call, column, constant, from, item, operator, select, sortItem, string } from '../../engine/sblr/source-fixture.ts';
import type { SourceSelectNode } from '../../engine/sblr/source.gen.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import { verifyBound } from '../../engine/sblr/verify-bound.ts';
import { semantics as postgresql } from '../../parsers/postgresql/semantics.ts';
import { testDialect } from './semantics.ts';

const upper = table(1, 'T', [tableColumn(1, 'A', sqlType('int4')), tableColumn(2, 'B', sqlType('int4'))]);
const lower = table(1, 't', [tableColumn(1, 'a', sqlType('int4')), tableColumn(2, 'b', sqlType('int4'))]);

/** The same statement under both dialects, as the bound form prints. */
function both(source: SourceSelectNode): { readonly test: string; readonly postgresql: string } {
  const print = (environment: ReturnType<typeof environmentOf>): string => {
    const module = bind(source, environment);
    verifyBound(module);
    return printBound(module.statement);
  };
  return { test: print(environmentOf(testDialect, [upper])), postgresql: print(environmentOf(postgresql, [lower])) };
}

test('one statement, two divisions', () => {
  const printed = both(select({ items: [item(operator('/', constant('7'), constant('2')))] }));
  strictEqual(
    printed.test,
    "query EXPR := c0 numeric!\n  project c0 := numeric.div.postgresql('7':numeric, '2':numeric)\n    values () ()",
  );
  strictEqual(printed.postgresql, 'query ?column? := c0 int4!\n  project c0 := int4.div.trunc(7, 2)\n    values () ()');
});

test('one statement, two concatenations', () => {
  const printed = both(select({ items: [item(operator('||', constant('null', 'null'), string('a')))] }));
  strictEqual(printed.test.split('\n')[1], "  project c0 := text.concat.nullIsEmpty(NULL:text, 'a')");
  strictEqual(printed.postgresql.split('\n')[1], "  project c0 := text.concat(NULL:text, 'a')");
});

test('an operator that one dialect joins strings with is ambiguous in the other', () => {
  const source = select({ items: [item(operator('+', constant('1'), string('x')))] });
  strictEqual(
    printBound(bind(source, environmentOf(testDialect, [upper])).statement).split('\n')[1],
    "  project c0 := text.concat('1', 'x')",
  );
  throws(() => bind(source, environmentOf(postgresql, [lower])), { code: '22P02' });
});

test('ORDER BY looks a name up among the input first, or among the output', () => {
  const source = select({
    items: [item(operator('+', column('a'), column('b')), 'B')],
    from: [from('t')],
    order: [sortItem(column('b'))],
  });
  const aliased = { ...source, items: [{ ...source.items[0] }] };
  const printed = both(aliased);
  strictEqual(printed.test.split('\n')[1], '  sort c1 asc nulls first', 'the column, and NULLs below every value');
  strictEqual(printed.postgresql.split('\n')[1], '  sort c2 asc nulls last', 'the alias, and NULLs above every value');
});

test('GROUP BY looks a name up among the output first, or among the input', () => {
  const source = select({
    items: [item(operator('+', column('a'), constant('1')), 'b'), item(call('count', [], { star: true }))],
    from: [from('t')],
    group: [column('b')],
  });
  const printed = printBound(bind(source, environmentOf(testDialect, [upper])).statement);
  strictEqual(printed.split('\n')[1], '  aggregate (c3 := int8.add(int4.to.int8(c0), 1:int8)) c2 := count.star()');
  throws(() => bind(source, environmentOf(postgresql, [lower])), {
    code: '42803',
    message: 'column "t.a" must appear in the GROUP BY clause or be used in an aggregate function',
  });
});

test('HAVING sees output names where the dialect says so', () => {
  const source = select({
    items: [item(column('a')), item(call('count', [], { star: true }), 'many')],
    from: [from('t')],
    group: [column('a')],
    having: operator('<', constant('1'), column('many')),
  });
  const printed = printBound(bind(source, environmentOf(testDialect, [upper])).statement);
  strictEqual(printed.split('\n')[1], '  filter int8.less(1:int8, c2)');
  throws(() => bind(source, environmentOf(postgresql, [lower])), { code: '42703', message: 'column "many" does not exist' });
});

test('a column that is no key is any of its group, or an error', () => {
  const source = select({ items: [item(column('b'))], from: [from('t')], group: [column('a')] });
  const { root } = bind(source, environmentOf(testDialect, [upper])).statement as BoundQuery;
  strictEqual(root.op === 'aggregate' && root.aggregates[0].primitive, 'any_value');
  throws(() => bind(source, environmentOf(postgresql, [lower])), { code: '42803' });
});

test('types have the names of the dialect in messages', () => {
  const source = select({ items: [item(operator('=', column('a'), constant('true', 'boolean')))], from: [from('t')] });
  throws(() => bind(source, environmentOf(testDialect, [upper])), { message: 'operator does not exist: SMALL = LOGICAL' });
  throws(() => bind(source, environmentOf(postgresql, [lower])), { message: 'operator does not exist: integer = boolean' });
});

test('what a CHECK of another dialect means, it means to everyone who changes the table', () => {
  const half = operator('=', operator('/', column('a'), constant('2')), constant('1.5', 'decimal'));
  const checked = {
    ...upper,
    name: 't',
    columns: upper.columns.map((one) => ({ ...one, name: one.name.toLowerCase() })),
    checks: [{ name: 'half', expression: { dialect: 'test', text: '', source: half } }],
  };
  const lowered = { ...testDialect, folding: 'lower' as const };
  const insert = {
    op: 'insert',
    at: 0,
    with: null,
    table: { op: 'name', at: 0, parts: ['t'], quoted: [false] },
    alias: null,
    columns: [],
    columnsAt: 0,
    overriding: 'none',
    source: null,
    conflict: null,
    returning: [],
  } as const;
  const environment = environmentOf(postgresql, [checked], { semanticsOf: () => lowered });
  const printed = printBound(bind(insert, environment).statement);
  strictEqual(
    /check half: (.*)/.exec(printed)?.[1],
    "numeric.equal(numeric.div.postgresql(int4.to.numeric(c0), '2':numeric), '1.5':numeric)",
  );
});

test('the tables are what tells dialects apart: their hash differs', () => {
  strictEqual(semanticsHash(testDialect), semanticsHash({ ...testDialect }));
  strictEqual(semanticsHash(testDialect) === semanticsHash({ ...testDialect, nullOrder: 'highest' }), false);
});

test('the engine names no dialect', () => {
  const root = join(import.meta.dirname, '../..');
  const files = globSync('{engine,codegen}/**/*.ts', { cwd: root }).filter((path) => !/\.test\.ts$|-fixture\.ts$/.test(path));
  const asks = files.filter((path) =>
    /\bdialect\s*(===|!==)\s*'|case '(postgresql|mysql|firebird|tsql)'/.test(readFileSync(join(root, path), 'utf8')),
  );
  deepStrictEqual(asks, []);
});
