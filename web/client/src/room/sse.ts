/**
 * Server-Sent Events from text that comes in parts (HTML standard, section 9.2).
 *
 * Guarantees: parts may end anywhere. Unlike a browser's `EventSource` it also tells of an `id` without data, which is
 * how the service moves the cursor on when there is nothing to show. Relies on: the text being decoded already.
 */

/** A block of the stream. */
export interface SseBlock {
  /** `message` when the stream names none. */
  readonly event: string;
  /** The id of this block; `null` when it has none. */
  readonly id: string | null;
  /** Empty for a block without data. */
  readonly data: string;
}

/** Most characters of a block that is not complete. */
const MOST = 16 * 1024 * 1024;

/** Reads a stream. */
export class SseParser {
  readonly #tell: (block: SseBlock) => void;
  #rest = "";
  #isFirst = true;
  #event = "";
  #id: string | null = null;
  #data: string[] = [];
  #length = 0;

  constructor(tell: (block: SseBlock) => void) {
    this.#tell = tell;
  }

  /** Takes the next part; a `RangeError` when a block grows beyond all bounds. */
  feed(part: string): void {
    let text = this.#rest + part;
    if (this.#isFirst && text.length > 0) {
      text = text.replace(/^\uFEFF/, "");
      this.#isFirst = false;
    }
    // A carriage return at the end may be half of a line break.
    const isSplit = text.endsWith("\r");
    const lines = (isSplit ? text.slice(0, -1) : text).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + (isSplit ? "\r" : "");
    for (const line of lines) this.#line(line);
    if (this.#rest.length + this.#length > MOST) throw new RangeError("A block of the stream is too long.");
  }

  #line(line: string): void {
    if (line === "") return this.#end();
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "data") {
      this.#data.push(value);
      this.#length += value.length;
    }
  }

  #end(): void {
    const block = { event: this.#event || "message", id: this.#id, data: this.#data.join("\n") };
    const isEmpty = this.#id === null && this.#data.length === 0;
    this.#event = "";
    this.#id = null;
    this.#data = [];
    this.#length = 0;
    if (!isEmpty) this.#tell(block);
  }
}
