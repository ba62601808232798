/**
 * `npm test`: runs every *.test.ts with node:test, two files at a time, in a test build (yield points are live).
 * `npm test -- shm/latch` runs the files whose path contains one of the texts.
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPaths, ROOT, SOURCE_FOLDERS } from './check/project.ts';
import { HOST_VARIABLE } from './peer/postgresql.ts';

/** No single file may take longer; a hang is a failure, not a wait. */
const TIMEOUT_MS = 480_000;

/**
 * Each file is a process of its own, many start further ones, and all read the same sources: types stripped and code compiled once
 * are kept here (a third of a process's start). Keyed by content, so it need not be cleared.
 */
const COMPILE_CACHE = join(ROOT, 'node_modules', '.cache', 'compiled');

const wanted = process.argv.slice(2);
const files = findPaths(SOURCE_FOLDERS.map((folder) => `${folder}/**/*.test.ts`)).filter(
  (path) => wanted.length === 0 || wanted.some((text) => path.includes(text)),
);
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`);
  process.exit(1);
}
const socket = join(tmpdir(), `scratchbird-test-${process.pid}.sock`);
const host = fork(new URL('./peer/postgresql-host.ts', import.meta.url), [socket]);
await once(host, 'message');

const tests = spawn(
  process.execPath,
  [
    '--test',
    '--test-concurrency=2',
    `--test-timeout=${TIMEOUT_MS}`,
    '--test-reporter=spec',
    '--conditions=scratchbird-source',
    ...files,
  ],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, [HOST_VARIABLE]: socket, SCRATCHBIRD_TEST_BUILD: '1' },
  },
);
const [status, signal] = await once(tests, 'exit');
host.disconnect();
if (signal !== null) console.error(`the tests were ended by ${signal}`);
process.exitCode = status ?? 1;
