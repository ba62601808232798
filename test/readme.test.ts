/** The README's example runs and prints what its comments say. */
import { strictEqual } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { ROOT, readText } from './check/project.ts';

test("the README's example stores a row and reads it", (context) => {
  const [, example] = /```js\n([\s\S]*?)```/.exec(readText('README.md')) ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'readme-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const api = pathToFileURL(join(ROOT, 'engine/api/api.ts')).href;
  writeFileSync(join(folder, 'example.mjs'), example.replace("'scratchbird'", `'${api}'`));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['example.mjs'], { cwd: folder, encoding: 'utf8' });
  strictEqual(status, 0, stderr);
  strictEqual(stdout, "bolt 0.25\nnut 0.05\n{ id: 2, name: 'bolt', price: '0.25' }\n");
});
