/**
 * SM-L5: three threads change and read the same few pages through a cache that has room for a third of them: frames are taken away
 * from pages, dirty ones are written first, and whoever comes meanwhile reads the page in again. No change is lost.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CacheFixture,
  FakeLog,
  FIRST_PAGE,
  makeFiles,
  makePage,
  openCache,
  readValue,
  worldOf,
  writeValue,
} from '../../../engine/storage/cache/cache-fixture.ts';
import {
  createPageCache,
  latchPage,
  type PageCache,
  pageChanged,
  unlatchPage,
} from '../../../engine/storage/cache/page-cache.ts';
import { openDatabaseFiles } from '../../../engine/storage/database-files.ts';
import { RealVfs } from '../../../engine/storage/vfs/real-vfs.ts';
import { frameOffset, frameSegment, handleOf, type SharedMemoryHandle, viewSharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_ATTACHED } from '../../../shm/threads.ts';
import type { InterleavingCase } from '../case.ts';

interface Payload {
  readonly handle: SharedMemoryHandle;
  readonly directory: string;
}

const FRAMES = 16;
const PAGES = 40;
/** Pages that all sessions change; the others are read to drive them out. */
const SHARED = 2;
const ROUNDS = 3;

let own: { fixture: CacheFixture; directory: string } | null = null;
let joined: { cache: PageCache; log: FakeLog } | null = null;

function open(): NonNullable<typeof own> {
  if (own !== null) return own;
  const directory = mkdtempSync(join(tmpdir(), 'interleave-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const vfs = new RealVfs();
  makeFiles(vfs, directory);
  const fixture = openCache(vfs, FRAMES, 1, directory);
  for (let page = 0; page < PAGES; page++) makePage(fixture, FIRST_PAGE + page, 0);
  own = { fixture, directory };
  return own;
}

function joinCache(payload: Payload): NonNullable<typeof joined> {
  if (joined !== null) return joined;
  const shm = viewSharedMemory(payload.handle);
  attachThread(shm, THREAD_ROLE_ATTACHED);
  const vfs = new RealVfs();
  const log = new FakeLog();
  joined = { log, cache: createPageCache(shm, worldOf(vfs), openDatabaseFiles(vfs, payload.directory), log) };
  return joined;
}

function addOne(cache: PageCache, log: FakeLog, page: number): void {
  const frame = latchPage(cache, page);
  const at = (frameOffset(cache.shm, frame) + 4096) >>> 2;
  frameSegment(cache.shm, frame).i32[at]++;
  pageChanged(cache, frame, log.next());
  unlatchPage(cache, frame);
}

export const interleaving: InterleavingCase<Payload, number> = {
  name: 'SM-L5: eviction against writers and readers',
  sessions: 3,
  setup: () => {
    const { fixture, directory } = open();
    for (let page = 0; page < SHARED; page++) writeValue(fixture, FIRST_PAGE + page, 0);
    return { handle: handleOf(fixture.shm), directory };
  },
  session: (payload, session, run) => {
    const { cache, log } = joinCache(payload);
    for (let round = 0; round < ROUNDS; round++) {
      for (let page = 0; page < SHARED; page++) addOne(cache, log, FIRST_PAGE + ((page + session) % SHARED));
      for (let other = 0; other < 6; other++) {
        readValue(cache, FIRST_PAGE + SHARED + ((run * 5 + session * 13 + round * 6 + other) % (PAGES - SHARED)));
      }
    }
    return 0;
  },
  check: (_, results) => {
    for (const result of results) if (!result.ok) throw new Error(result.message);
    const { cache } = open().fixture;
    for (let page = 0; page < SHARED; page++) {
      const value = readValue(cache, FIRST_PAGE + page);
      if (value !== 3 * ROUNDS) throw new Error(`page ${page} has ${value} of ${3 * ROUNDS} changes`);
    }
  },
  teardown: () => {},
};
