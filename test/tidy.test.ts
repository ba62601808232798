/** The tidy test: the project keeps its own rules, and the checks that say so can fail. */
import { deepStrictEqual, match, strictEqual } from 'node:assert/strict';
import test from 'node:test';
import { findForbiddenImports } from './check/house.ts';
import { importsOf, type ProjectFile, readProject } from './check/project.ts';
import { findBrokenReadmes, findMissingPaths } from './check/readmes.ts';
import { findDeadFiles, findLeftovers, findLongFiles } from './check/tidiness.ts';

const files = readProject();

const file = (path: string, text: string): ProjectFile => ({ path, text, imports: importsOf(path, text) });

test('tidy: imports run downwards', () => deepStrictEqual(findForbiddenImports(files), []));
test('tidy: every path that a README names exists', () => deepStrictEqual(findBrokenReadmes(), []));
test('tidy: no leftover marks and no paths of one machine', () => deepStrictEqual(findLeftovers(files), []));
test('tidy: files stay readable in length', () => deepStrictEqual(findLongFiles(files), []));
test('tidy: every file is reached from an entry or a test', () => deepStrictEqual(findDeadFiles(files), []));

test('tidy: the import rules refuse what they should', () => {
  const refused = (path: string, text: string): number => findForbiddenImports([file(path, text)]).length;
  strictEqual(refused('shm/a.ts', "import { b } from '../engine/storage/b.ts';"), 1);
  strictEqual(refused('engine/storage/a.ts', "import type { B } from '../txn/b.ts';"), 1);
  strictEqual(refused('engine/storage/a.ts', "import type { B } from '../../codegen/rows/b.ts';"), 0);
  strictEqual(refused('engine/storage/a.ts', "import { b } from '../../codegen/rows/b.ts';"), 1);
  strictEqual(refused('engine/exec/a.ts', "import { b } from '../../codegen/jit/b.ts';"), 1);
  strictEqual(refused('engine/api/a.ts', "import { b } from '../../codegen/jit/b.ts';"), 0);
  strictEqual(refused('codegen/jit/a.ts', "import { b } from '../../engine/plan/b.ts';"), 0);
  strictEqual(refused('parsers/mysql/a.ts', "import { b } from '../../engine/txn/b.ts';"), 1);
  strictEqual(refused('parsers/mysql/a.ts', "import { b } from '../../engine/sblr/b.ts';\nimport { c } from '../kit/c.ts';"), 0);
  strictEqual(refused('engine/txn/a.ts', "import {\n  b,\n  c,\n} from '../../test/b.ts';"), 2);
  strictEqual(refused('engine/txn/a.ts', "import { Bench } from 'tinybench';"), 1);
  strictEqual(refused('engine/txn/a.ts', "import { Piscina } from 'piscina';\nimport fs from 'node:fs';"), 0);
  const circle = [
    file('engine/exec/a.ts', "import '../jobs/b.ts';"),
    file('engine/jobs/b.ts', "export { a } from '../exec/a.ts';"),
  ];
  match(findForbiddenImports(circle)[0], /engine\/exec and engine\/jobs import each other/);
});

test('tidy: the other checks find what they should', () => {
  deepStrictEqual(findMissingPaths('shm', 'struct.ts, shm/struct.ts, `shm/none.ts`, *.layout.ts, engine/nowhere/, rows/s'), [
    'shm/none.ts',
    'engine/nowhere',
  ]);
  const mark = 'FIX' + 'ME';
  const machine = '/ho' + 'me/me/x';
  const found = findLeftovers([file('shm/a.ts', `// ${mark} later\nopen('${machine}')\nconst x = 1;`)]);
  deepStrictEqual(found.slice(0, 2), [`shm/a.ts:1: // ${mark} later`, `shm/a.ts:2: open('${machine}')`]);
  strictEqual(findLongFiles([file('shm/a.ts', '\n'.repeat(600))]).length, 1);
  const dead = [
    file('shm/a.test.ts', "import './b.ts';"),
    file('shm/b.ts', "new URL('./c.ts', import.meta.url)"),
    file('shm/c.ts', ''),
    file('shm/d.ts', ''),
  ];
  deepStrictEqual(findDeadFiles(dead), ['shm/d.ts is reached from no entry and no test']);
});
