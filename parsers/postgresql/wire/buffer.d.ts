/** What Buffer has and its types leave out: text from and to bytes, without looking for an encoding's name. */

interface Buffer {
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, at: number): number;
}
