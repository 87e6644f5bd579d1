// What comes over the socket, as the page uses it. A frame keeps the message that it came in, for clips.

const UTF8 = new TextDecoder();

// A frame: its header, the stream that it belongs to, and a typed array (n_z * n_x, row after row) for each layer.
export function decodeFrame(buffer, stream) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(UTF8.decode(new Uint8Array(buffer, 4, length)));
  const Values = header.bits === 8 ? Uint8Array : Uint16Array;
  const pixels = stream.n_z * stream.n_x, start = 4 + length;
  const needed = start + header.layers * pixels * Values.BYTES_PER_ELEMENT;
  if (buffer.byteLength !== needed) {
    throw new RangeError(`frame ${header.frame_id} has ${buffer.byteLength} bytes where its stream asks for ${needed}`);
  }
  const layers = Array.from({ length: header.layers }, (_, i) =>
    new Values(buffer, start + i * pixels * Values.BYTES_PER_ELEMENT, pixels));
  return { header, stream, layers, buffer, full: header.bits === 8 ? 255 : 65535,
    range_db: header.range_db ?? stream.dynamic_range_db };
}

export const decibels = (frame, layer, i) => frame.range_db * (frame.layers[layer][i] / frame.full - 1);

// One layer as the measures take it: values in dB by index, and where its pixels lie.
export function imageOf(frame, layer) {
  const values = frame.layers[layer];
  if (!values) return null;
  const { n_z, n_x, x_mm, z_mm } = frame.stream;
  const { full, range_db } = frame;
  return { n_z, n_x, x_mm, z_mm, range_db, at: (i) => range_db * (values[i] / full - 1) };
}

// The body of POST clip: every frame as it came, with its length before it.
export function clipBody(frames) {
  return new Blob(frames.flatMap(({ buffer }) => [new Uint32Array([buffer.byteLength]), buffer]));
}
