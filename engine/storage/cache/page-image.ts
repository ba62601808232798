/**
 * Page images on their way to and from a file: sealed with a checksum before they are written, verified after they were
 * read (SM-W5, SM-W10).
 *
 * The checksum is zlib.crc32 over bytes 4..8192. Hot: verification is most of what a miss costs besides the read.
 */

import { crc32 } from 'node:zlib';
import { dataDamaged, type SqlError } from '../../../shm/errors.ts';
import { PAGE_BYTES } from '../../../shm/types.ts';
import { ZEROS } from '../vfs/vfs.ts';
import { PAGE_TYPE_MAX, pageTypeName, TEMPORARY_PAGE } from '../page.layout.ts';
import { pageChecksum, pagePageId, pageType, setPageChecksum } from '../page.layout.gen.ts';
import type { ByteViews } from '../rows/byte-views.ts';

export const IMAGE_SOUND = 0;
/** Never formatted: all zeros, as its extent was written (SM-F1). */
export const IMAGE_BLANK = 1;
export const IMAGE_BAD_CHECKSUM = 2;
export const IMAGE_BAD_ID = 3;
export const IMAGE_BAD_TYPE = 4;

/** Byte position of a page in its file, data or temporary. */
export const pagePosition = (pageId: number): number => (pageId & 0x7fffffff) * PAGE_BYTES;

export const isTemporaryPage = (pageId: number): boolean => (pageId & TEMPORARY_PAGE) !== 0;

/** The part of an image that its checksum covers. */
export const checkedPart = (bytes: Uint8Array, page: number): Uint8Array => bytes.subarray(page + 4, page + PAGE_BYTES);

/** Sets the checksum of the image at byte offset `page`. */
export function sealImage(views: ByteViews, page: number): void {
  setPageChecksum(views.u32, page, crc32(checkedPart(views.bytesView, page)));
}

/** What is wrong with the image at byte offset `page` that should be page `pageId`. `checked` is its checkedPart(). */
export function imageState(views: ByteViews, page: number, pageId: number, checked: Uint8Array): number {
  const u32 = views.u32;
  if (u32[page >>> 2] !== crc32(checked)) return isBlank(views, page) ? IMAGE_BLANK : IMAGE_BAD_CHECKSUM;
  if ((pagePageId(u32, page) | 0) !== (pageId | 0)) return IMAGE_BAD_ID;
  // Type 0 is a page that has left its structure: whoever comes by an old hint sees that from the type.
  return pageType(views.u8, page) > PAGE_TYPE_MAX ? IMAGE_BAD_TYPE : IMAGE_SOUND;
}

/** All 8 KiB are zero. */
export function isBlank(views: ByteViews, page: number): boolean {
  return views.bytesView.compare(ZEROS, 0, PAGE_BYTES, page, page + PAGE_BYTES) === 0;
}

/** The error for an image that is not sound: names file, byte offset, what was expected and what is there (SM-W10). */
export function imageDamaged(views: ByteViews, page: number, pageId: number, state: number, file: string): SqlError {
  const offset = pagePosition(pageId);
  const number = isTemporaryPage(pageId) ? `temporary page ${pageId & 0x7fffffff}` : `page ${pageId}`;
  if (state === IMAGE_BAD_CHECKSUM) {
    const expected = pageChecksum(views.u32, page);
    const actual = crc32(checkedPart(views.bytesView, page));
    return dataDamaged({ file, offset, what: `${number} (checksum)`, expected, actual });
  }
  if (state === IMAGE_BAD_ID) {
    const actual = pagePageId(views.u32, page);
    return dataDamaged({ file, offset, what: `${number} (page id)`, expected: pageId >>> 0, actual });
  }
  if (state === IMAGE_BAD_TYPE) {
    const actual = pageTypeName(pageType(views.u8, page));
    return dataDamaged({ file, offset, what: `${number} (type)`, expected: 'a page type', actual });
  }
  return dataDamaged({ file, offset, what: number, expected: 'a formatted page', actual: 'zeros: it was never written' });
}
