import type { VirtualTable } from './virtual-table.ts';

export const SYS_VIEWS: readonly VirtualTable[] = [];
