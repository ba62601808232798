import { strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { adviseHugePages } from './huge-pages.ts';
import { createSegment } from './segment.ts';

test('memory that was advised to use huge pages holds what is written to it', () => {
  const segment = createSegment(8 << 20);
  strictEqual(typeof adviseHugePages(segment.buffer), 'boolean');
  for (let word = 0; word < segment.i32.length; word += 1000) segment.i32[word] = word;
  for (let word = 0; word < segment.i32.length; word += 1000) strictEqual(segment.i32[word], word);
});

test('loading the system call warns nobody', async () => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', note);
  adviseHugePages(createSegment(1 << 20).buffer);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', note);
  strictEqual(warnings.filter((message) => message.includes('FFI')).length, 0);
});
