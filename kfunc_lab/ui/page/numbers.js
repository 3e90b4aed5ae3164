// Numbers: as bytes bring them, and as words.

/**
 * @param {string | BufferSource | number[] | null | undefined} data  base64, a buffer, or bytes
 */
export function bytesOf(data) {
  if (typeof data === "string") return bytesOfBase64(data);
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  return data ? new Uint8Array(data) : new Uint8Array();
}

/** @param {string} text */
function bytesOfBase64(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place++) bytes[place] = letters.charCodeAt(place);
  return bytes;
}

/**
 * @param {string | BufferSource | (number | null)[] | null | undefined} data  what `bytesOf` takes,
 *   of 32-bit floats; or numbers, of which those that are not finite may be null
 */
export function numbersOf(data) {
  if (Array.isArray(data)) return Float32Array.from(data, (value) => value ?? Number.NaN);
  let bytes = bytesOf(data);
  if (bytes.byteOffset % 4) bytes = bytes.slice(); // numbers begin at a multiple of their size
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
}

/**
 * Writes a number as Python writes `f"{value:.4g}"`.
 *
 * @param {number} value
 * @param {number} digits
 * @param {boolean} [keepsZeros]
 */
export function significant(value, digits, keepsZeros = false) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  let [mantissa, power] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  const isShort = exponent >= -4 && exponent < digits;
  if (isShort) mantissa = Number(`${mantissa}e${power}`).toFixed(digits - 1 - exponent);
  if (!keepsZeros && mantissa.includes(".")) mantissa = mantissa.replace(/\.?0+$/, "");
  const end = isShort ? "" : `e${power[0]}${power.slice(1).padStart(2, "0")}`;
  return (mantissa + end).replaceAll("-", "−");
}
