/** The page inspector: header fields by name, what the page's type adds, and the bytes. For people and tests. */

import type { Struct } from '../../shm/struct.ts';
import { PAGE_BYTES, type PageId } from '../../shm/types.ts';
import { checkedPart, IMAGE_BLANK, IMAGE_SOUND, imageDamaged, imageState, pagePosition } from './cache/page-image.ts';
import type { DatabaseFiles } from './database-files.ts';
import { META } from './meta.layout.ts';
import { pageType } from './page.layout.gen.ts';
import { PAGE, PAGE_TYPE_HEAP_MAP, PAGE_TYPE_MAX, PAGE_TYPE_META, pageTypeName } from './page.layout.ts';
import { type ByteViews, privateViews } from './rows/byte-views.ts';
import { HEAP_MAP } from './space/space.layout.ts';

/** Prints what a page of one type holds behind its header. */
export type PagePrinter = (views: ByteViews, page: number, pageId: PageId) => string;

const printers: (PagePrinter | undefined)[] = new Array<PagePrinter | undefined>(PAGE_TYPE_MAX + 1).fill(undefined);

/** Says how pages of a type are printed. Once a thread. */
export function registerPagePrinter(type: number, printer: PagePrinter): void {
  printers[type] = printer;
}

/** The text for the image at byte offset `page`; `bytes` adds a dump of all bytes that are not zero. */
export function inspectPage(views: ByteViews, page: number, pageId: PageId, bytes: boolean): string {
  const type = pageType(views.u8, page);
  const lines = [`page ${pageId} (${pageTypeName(type)})`, ...fieldLines(PAGE, views, page)];
  if (type === PAGE_TYPE_META) lines.push(...fieldLines(META, views, page));
  if (type === PAGE_TYPE_HEAP_MAP) lines.push(...fieldLines(HEAP_MAP, views, page));
  const printer = printers[type];
  if (printer !== undefined) lines.push(printer(views, page, pageId));
  if (bytes) lines.push(...byteLines(views, page));
  return lines.join('\n');
}

/** The text for a page as it stands in the data file, with what is wrong with it. */
export function inspectFilePage(files: DatabaseFiles, pageId: PageId, bytes = true): string {
  const views = privateViews(PAGE_BYTES);
  const got = files.data.read(pagePosition(pageId), views.bytesView, 0, PAGE_BYTES);
  const text = inspectPage(views, 0, pageId, bytes);
  if (got === 0) return `page ${pageId} lies behind the end of ${files.data.path}`;
  const state = imageState(views, 0, pageId, checkedPart(views.bytesView, 0));
  if (state === IMAGE_BLANK) return `page ${pageId} was never written`;
  return state === IMAGE_SOUND ? text : `${imageDamaged(views, 0, pageId, state, files.data.path).message}\n${text}`;
}

function fieldLines(struct: Struct, views: ByteViews, page: number): string[] {
  return Object.entries(struct.fields)
    .filter(([, field]) => field.type !== 'bytes')
    .map(([name, field]) => `  ${name.padEnd(16)} ${readField(views, page + field.at, field.type)}`);
}

function readField(views: ByteViews, at: number, type: string): number {
  if (type === 'u8') return views.u8[at];
  if (type === 'u16') return views.u16[at >>> 1];
  if (type === 'i32') return views.i32[at >>> 2];
  return type === 'u32' ? views.u32[at >>> 2] : views.f64[at >>> 3];
}

const LINE_BYTES = 32;

/** Offset, hexadecimal and text of each line that is not all zeros. */
function byteLines(views: ByteViews, page: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < PAGE_BYTES; at += LINE_BYTES) {
    const line = views.bytesView.subarray(page + at, page + at + LINE_BYTES);
    if (line.every((byte) => byte === 0)) continue;
    const hex = line.toString('hex').replace(/(.{8})/g, '$1 ');
    const text = line.toString('latin1').replace(/[^ -~]/g, '.');
    lines.push(`  ${String(at).padStart(4)}  ${hex} ${text}`);
  }
  return lines;
}
