/**
 * Text of a source file: UTF-8, or the UTF-16 that SQL Server's and Windows' tools write, with its mark or without. Read as
 * UTF-8, a table's name would not be found in it, and the file pass.
 */
export function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString("utf16le", 2);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return swapped(bytes.subarray(2));
  const start = bytes.subarray(0, 2_000);
  const zeros = [0, 0];
  for (const [at, byte] of start.entries()) if (byte === 0) zeros[at % 2]!++;
  // Of ASCII in UTF-16 every other byte is 0.
  const many = start.length / 8;
  if (start.length >= 4 && zeros[1]! > many && zeros[0] === 0) return bytes.toString("utf16le");
  if (start.length >= 4 && zeros[0]! > many && zeros[1] === 0) return swapped(bytes);
  return bytes.toString("utf8");
}

function swapped(bytes: Buffer): string {
  return Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)))
    .swap16()
    .toString("utf16le");
}
