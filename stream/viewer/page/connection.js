// The socket to the server: connects again by itself, asks for frames one by one, and pairs answers with requests.

import { addressOf } from "./dom.js";

const AGAIN_MS = 1000;
const PATIENCE_MS = 70_000;

export class Connection extends EventTarget {
  constructor({ bits }) {
    super();
    this.bits = bits;
    this.number = 0;
    this.waiting = new Map();
    this.asked = false;
    this.wanted = () => true;
    document.addEventListener("visibilitychange", () => this.ask());
    this.connect();
  }

  connect() {
    const address = addressOf("frames", { bits: this.bits });
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = this.socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.tell("open");
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = () => this.lose();
  }

  lose() {
    this.asked = false;
    for (const { give } of this.waiting.values()) give({ error: "the connection was lost before an answer came" });
    this.waiting.clear();
    this.tell("close");
    setTimeout(() => this.connect(), AGAIN_MS);
  }

  receive(data) {
    if (typeof data !== "string") {
      this.asked = false;
      return this.tell("frame", data);
    }
    const message = JSON.parse(data);
    if (message.kind !== "answer") return this.tell(message.kind, message);
    this.waiting.get(message.id)?.give(message);
    this.waiting.delete(message.id);
    this.tell("answer", message);
  }

  tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  // Credit for one more frame. A hidden tab asks for none, so it costs the pipeline nothing.
  ask() {
    if (this.asked || document.hidden || !this.wanted() || this.socket.readyState !== WebSocket.OPEN) return;
    this.asked = true;
    this.socket.send('{"kind":"next"}');
  }

  // Sends a request and resolves to its answer, whose `error` is empty when it was carried out.
  request(kind, what) {
    if (this.socket.readyState !== WebSocket.OPEN) return Promise.resolve({ error: "there is no connection just now" });
    const id = ++this.number;
    this.socket.send(JSON.stringify({ kind, id, ...what }));
    return new Promise((give) => {
      this.waiting.set(id, { give });
      setTimeout(() => this.waiting.delete(id) && give({ error: "no answer came within 70 s" }), PATIENCE_MS);
    });
  }
}
