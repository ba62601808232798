/**
 * The loops of a scan, as generated code gives them (codegen/rows/page-scan.ts) and a driver calls them (engine/txn): one for
 * all rows of a page, one for a list of rows. They call nothing, wait for nothing and read no other page, so they run under a
 * hold (SM-L4).
 */

export type PageLoop = (
  i32: Int32Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
  f64: Float64Array,
  page: number,
  slotCount: number,
  state: Float64Array,
) => void;

export type RowLoop = (
  i32: Int32Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
  f64: Float64Array,
  offsets: Int32Array,
  count: number,
  state: Float64Array,
) => void;

export interface ScanLoops {
  /** Every slot that is not free: for pages whose rows are all visible and of the current layout. */
  readonly page: PageLoop;
  /** The rows at these byte offsets. */
  readonly rows: RowLoop;
}
