// ---------------------------------------------------------------------------------------------
// What all pages share: elements, buttons, numbers, and how the kernel is asked.

const SVG = "http://www.w3.org/2000/svg";

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function svgElement(tag, attributes = {}, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function textButton(text, onClick, label = "") {
  const made = element("button", "kfunc-lab-button", text);
  made.type = "button";
  if (label) {
    made.title = label;
    made.setAttribute("aria-label", label);
  }
  made.addEventListener("click", onClick);
  return made;
}

// JupyterLab has meanings of its own for keys.
function keepKeys(input) {
  input.addEventListener("keydown", (event) => event.stopPropagation());
}

// -- what is asked of the kernel: one question at a time, and of several only the last

function makeAsker(model, said, waiting) {
  let waits = false;
  let next = null;
  let patience;
  function ask(question, buffers) {
    if (typeof model.send !== "function") return; // a page without a kernel
    if (waits) {
      next = [question, buffers];
      return;
    }
    waits = true;
    said.textContent = "";
    // It may be training a model.
    patience = setTimeout(() => (said.textContent = waiting), 1500);
    model.send(question, undefined, buffers);
  }
  function answered() {
    waits = false;
    clearTimeout(patience);
    if (said.textContent === waiting) said.textContent = "";
    const question = next;
    next = null;
    if (question) ask(...question);
  }
  return { ask, answered, isWaiting: () => waits };
}

// -- numbers

function bytesOf(data) {
  if (typeof data === "string") return bytesOfBase64(data);
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  return new Uint8Array(data ?? 0); // an ArrayBuffer, or a list of bytes
}

function bytesOfBase64(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let place = 0; place < letters.length; place++) bytes[place] = letters.charCodeAt(place);
  return bytes;
}

function numbersOf(data) {
  if (Array.isArray(data)) return Float32Array.from(data, (value) => value ?? NaN);
  let bytes = bytesOf(data);
  if (bytes.byteOffset % 4) bytes = bytes.slice(); // numbers begin at a multiple of their size
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
}

// As Python writes f"{value:.4g}".
function significant(value, digits, keepsZeros = false) {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  let [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const isShort = exponent >= -4 && exponent < digits;
  if (isShort) mantissa = Number(`${mantissa}e${exponent}`).toFixed(digits - 1 - exponent);
  if (!keepsZeros && mantissa.includes(".")) mantissa = mantissa.replace(/\.?0+$/, "");
  const power = isShort ? "" : `e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  return (mantissa + power).replaceAll("-", "−");
}
