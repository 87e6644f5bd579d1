// A PNG that carries its parameters: an iTXt chunk of JSON before the end of the file.

const AFTER_SIGNATURE_AND_IHDR = 8 + 25;

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

export function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

// `png` is a Uint8Array; the chunk goes behind the image's header, where readers look first.
export function withText(png, keyword, text) {
  const chunk = textChunk(keyword, text);
  const out = new Uint8Array(png.length + chunk.length);
  out.set(png.subarray(0, AFTER_SIGNATURE_AND_IHDR));
  out.set(chunk, AFTER_SIGNATURE_AND_IHDR);
  out.set(png.subarray(AFTER_SIGNATURE_AND_IHDR), AFTER_SIGNATURE_AND_IHDR + chunk.length);
  return out;
}

function textChunk(keyword, text) {
  const utf8 = new TextEncoder();
  // Keyword, not compressed, no language, no translated keyword.
  const body = [...utf8.encode("iTXt"), ...utf8.encode(keyword), 0, 0, 0, 0, 0, ...utf8.encode(text)];
  const chunk = new Uint8Array(body.length + 8), view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(4 + body.length, crc32(body));
  return chunk;
}
