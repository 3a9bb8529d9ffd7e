// Bytes to text. Jest's jsdom has no TextDecoder of its own, Node has one behind it.

/** Text in a field of fixed length: what stands before its first zero. */
export const untilZero = (text: string): string => text.replace(/\0.*$/s, '');

/** A TextDecoder (WHATWG Encoding); `fatal` throws where bytes are not in the encoding. */
export function textDecoder(encoding = 'utf-8', options?: { fatal?: boolean }): TextDecoder {
  if (typeof TextDecoder === 'function') return new TextDecoder(encoding, options);
  const util = process.getBuiltinModule?.('node:util') as typeof import('node:util');
  return new util.TextDecoder(encoding, options) as TextDecoder;
}
