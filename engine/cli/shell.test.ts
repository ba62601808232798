import { deepStrictEqual, match, strictEqual } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { open } from '../api/api.ts';
import { completer } from './completion.ts';
import { EmbeddedTarget } from './embedded-target.ts';
import { displayWidth, formatSheet } from './format.ts';
import { Shell, SHELL_STATE } from './shell.ts';

const MAIN = join(import.meta.dirname, 'main.ts');

function run(options: readonly string[], input = ''): { status: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...options], { input, encoding: 'utf8' });
  return { status, out: stdout, error: stderr };
}

/** A shell in memory: what it says, what it complains of. */
function withShell(body: (shell: Shell, said: string[], complaints: string[]) => Promise<void>): () => Promise<void> {
  return async () => {
    const target = new EmbeddedTarget(open(':memory:', { cacheSize: '4MB', logSegment: '1MB', pool: 0 }), ':memory:');
    const said: string[] = [];
    const complaints: string[] = [];
    try {
      await body(
        new Shell(
          target,
          { ...SHELL_STATE },
          { write: (text) => void said.push(text), error: (text) => void complaints.push(text) },
        ),
        said,
        complaints,
      );
    } finally {
      await target.close();
    }
  };
}

test(
  'statements end at their semicolons, wherever the lines end',
  withShell(async (shell, said, complaints) => {
    await shell.text(
      "create table t (a int, b text); insert into t\nvalues (1, 'x;y'),\n(2, null); select a, b from t order by a;",
    );
    deepStrictEqual(complaints, []);
    deepStrictEqual(said, ['CREATE TABLE', 'INSERT 0 2', ' a |  b\n---+-----\n 1 | x;y\n 2 |\n(2 rows)']);
    await shell.line('select $$ not; ended');
    strictEqual(shell.isWithinStatement, true);
    await shell.line('yet $$;');
    strictEqual(shell.isWithinStatement, false);
  }),
);

test(
  'an error shows the line and the place, and the prompt shows the failed transaction',
  withShell(async (shell, _said, complaints) => {
    strictEqual(shell.prompt, 'memory=> ');
    await shell.text('begin;');
    strictEqual(shell.prompt, 'memory=*> ');
    await shell.text('select 1,\n  nosuch;');
    strictEqual(complaints[0], 'ERROR:  column "nosuch" does not exist (42703)\nLINE 2:   nosuch;\n          ^');
    strictEqual(shell.prompt, 'memory=!> ');
    await shell.text('rollback;');
    strictEqual(shell.prompt, 'memory=> ');
  }),
);

test(
  'its own commands: tables, formats, timing, expanded, unknown ones',
  withShell(async (shell, said, complaints) => {
    await shell.text("create table item (id serial primary key, name varchar(20) not null default 'x', check (id > 0));");
    said.length = 0;
    await shell.text('\\dt');
    match(said[0], /^ +List of relations\n[\s\S]* public \| item \| table \| scratchbird\n\(1 row\)$/);
    await shell.text('\\d item');
    match(said.join('\n'), /name +\| character varying\(20\) +\| +\| not null/);
    match(said.join('\n'), /"item_pkey" PRIMARY KEY, btree \(id\)/);
    match(said.join('\n'), /CHECK \(id > 0\)/);
    said.length = 0;
    await shell.text(
      "\\csv\nselect 1 as a, 'x\"y' as b;\n\\json\nselect 9007199254740993 as a, null as b;\n\\aligned\n\\x\nselect 1 as a;",
    );
    deepStrictEqual(said, [
      'a,b\n1,"x""y"',
      '{"a":9007199254740993,"b":null}',
      'Expanded display is on.',
      '-[ RECORD 1 ]\na | 1\n(1 row)',
    ]);
    await shell.text('\\nosuch');
    match(complaints[0], /there is no command \\nosuch/);
    await shell.text('\\q');
    strictEqual(shell.hasEnded, true);
  }),
);

test(
  '\\d of a table, an index and a sequence is what psql prints',
  withShell(async (shell, said, complaints) => {
    await shell.text(
      'create table item (id serial primary key, price numeric(10,2) check (price > 0), n int generated always as identity, unique (n));' +
        'create index item_half on item ((price / 2) desc, id);',
    );
    said.length = 0;
    await shell.text('\\d item\n\\d item_half\n\\d item_id_seq\n\\dt nosuch\n\\d i*_n_seq');
    deepStrictEqual(complaints, []);
    deepStrictEqual(
      said.join('\n'),
      `                               Table "public.item"
 Column |     Type      | Collation | Nullable |             Default
--------+---------------+-----------+----------+----------------------------------
 id     | integer       |           | not null | nextval('item_id_seq'::regclass)
 price  | numeric(10,2) |           |          |
 n      | integer       |           | not null | generated always as identity
Indexes:
    "item_pkey" PRIMARY KEY, btree (id)
    "item_half" btree ((price / 2::numeric) DESC, id)
    "item_n_key" UNIQUE CONSTRAINT, btree (n)
Check constraints:
    "item_price_check" CHECK (price > 0::numeric)
            Index "public.item_half"
 Column |  Type   | Key? |      Definition
--------+---------+------+----------------------
 expr   | numeric | yes  | (price / 2::numeric)
 id     | integer | yes  | id
btree, for table "public.item"
                    Sequence "public.item_id_seq"
  Type   | Start | Minimum |  Maximum   | Increment | Cycles? | Cache
---------+-------+---------+------------+-----------+---------+-------
 integer |     1 |       1 | 2147483647 |         1 | no      |     1
Owned by: public.item.id
Did not find any relation named "nosuch".
                     Sequence "public.item_n_seq"
  Type   | Start | Minimum |  Maximum   | Increment | Cycles? | Cache
---------+-------+---------+------------+-----------+---------+-------
 integer |     1 |       1 | 2147483647 |         1 | no      |     1
Sequence for identity column: public.item.n`,
    );
    said.length = 0;
    await shell.text('insert into item (price) values (1.5) returning id;');
    deepStrictEqual(said, [' id\n----\n  1\n(1 row)\nINSERT 0 1']);
    await shell.text('\\d nosuch');
    deepStrictEqual(complaints, ['Did not find any relation named "nosuch".']);
  }),
);

test('columns line up whatever characters they hold, and control characters do nothing', () => {
  strictEqual(displayWidth('aä漢e\u0301'), 5);
  const sheet = { columns: [{ name: 't', type: 'text', modifier: -1 }], rows: [['漢'], ['\u001b[2J'], ['two\nlines']] };
  strictEqual(formatSheet(sheet, 'aligned', false), '    t\n---------\n 漢\n \\x1b[2J\n two\n lines\n(3 rows)');
});

test(
  'words are completed: keywords in the case they were begun, tables, columns, commands',
  withShell(async (shell) => {
    await shell.text('create table customer (customer_id int);');
    const complete = completer(shell.target);
    deepStrictEqual(await complete('SEL'), [['SELECT'], 'SEL']);
    deepStrictEqual(await complete('select * from cust'), [['customer'], 'cust']);
    deepStrictEqual(await complete('select cust'), [['customer', 'customer_id'], 'cust']);
    deepStrictEqual(await complete('\\ti'), [['\\timing'], '\\ti']);
  }),
);

test('the command: piped SQL, --command, --file, --help, faults and their exit codes', () => {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-cli-'));
  try {
    const database = join(directory, 'db');
    deepStrictEqual(
      run(['--csv', database], 'create table t (a int); insert into t values (1), (2);\nselect a from t order by a'),
      {
        status: 0,
        out: 'a\n1\n2\n',
        error: '',
      },
    );
    const file = join(directory, 'more.sql');
    writeFileSync(file, 'insert into t values (3);');
    const both = run([database, '--file', file, '--json', '-c', 'select count(*) as n from t']);
    deepStrictEqual([both.status, both.out], [0, '{"n":2}\n']);
    const failed = run([database, '-c', 'select nosuch from t']);
    strictEqual(failed.status, 1);
    match(failed.error, /column "nosuch" does not exist/);
    match(run(['--help']).out, /Examples/);
    strictEqual(run(['--nosuch']).status, 2);
    strictEqual(run(['--durability', 'never']).status, 2);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
