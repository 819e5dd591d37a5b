// Beside the room: a plain Durable Object that broadcasts what it is posted, and a Worker that leads to both objects by
// the same way. `/nudge?object=room|plain&name=` posts a body to an object, `/connect?name=` opens a socket to the plain one.
import { DurableObject } from "cloudflare:workers";

export class Plain extends DurableObject {
  async fetch(request) {
    if (request.headers.get("upgrade") === "websocket") {
      const { 0: client, 1: server } = new WebSocketPair();
      this.ctx.acceptWebSocket(server);
      return new Response(null, { status: 101, webSocket: client });
    }
    const text = await request.text();
    for (const socket of this.ctx.getWebSockets()) socket.send(text);
    return new Response();
  }

  webSocketMessage() {}
  webSocketClose() {}
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const objects = searchParams.get("object") === "room" ? env.ROOMS : env.PLAIN;
    const object = objects.get(objects.idFromName(searchParams.get("name")));
    return object.fetch(new Request(`https://object${pathname}`, request));
  },
};
