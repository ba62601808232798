/** `npm run gen`: writes what follows from the opcode tables. With --check it writes nothing and fails when a file is not current. */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { SOURCE_OPCODES } from '../../engine/sblr/source-opcodes.ts';
import { BOUND_OPCODES } from '../../engine/sblr/bound-opcodes.ts';
import { writeNodes } from './write-nodes.ts';
import { writePage } from './write-page.ts';

const root = new URL('../../', import.meta.url);

const FILES: { readonly [path: string]: () => string } = {
  'engine/sblr/source.gen.ts': () =>
    writeNodes({ form: 'Source', table: SOURCE_OPCODES, head: 'The nodes of the source form (source-opcodes.ts).' }),
  'docs/sblr.md': () => writePage(SOURCE_OPCODES, BOUND_OPCODES),
};

const format = (path: string, text: string): string => {
  if (path.endsWith('.md')) return text;
  const { stdout, status, stderr } = spawnSync('biome', ['format', `--stdin-file-path=${path}`], {
    input: text,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
};

const check = process.argv.includes('--check');
for (const [path, write] of Object.entries(FILES)) {
  const text = format(path, write());
  const url = new URL(path, root);
  let current = '';
  try {
    current = readFileSync(url, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (current === text) continue;
  if (check) {
    console.error(`${path} is not current: npm run gen`);
    process.exitCode = 1;
  } else writeFileSync(url, text);
}
