import type { Socket } from "node:net";
import type { Clock } from "../../system/clock.js";
import { messageOf } from "../../system/failure.js";
import type { Log } from "../../system/log.js";
import { membersChange } from "./change.js";
import { type Faults, faultsText, noFaults } from "./faults.js";
import { hostPort, listen } from "./listen.js";
import { respond } from "./respond.js";
import { initialState, latestMembers, withFaults, withIdentity, withMembers } from "./state.js";
import { serveConnection } from "./tcp.js";
import { defaultIdentity, identityText, type Member, type ServiceIdentity } from "./zone.js";

export interface FakeDnsSettings {
  /** An address of this machine; 127.0.0.1 if left out. */
  readonly host?: string;
  /** Both for UDP and TCP; any free one if 0 or left out. */
  readonly port?: number;
  /** What differs from service and namespace `galera` in `cluster.local` with Galera's four ports. */
  readonly service?: Partial<ServiceIdentity>;
  readonly members?: readonly Member[];
  readonly faults?: Partial<Faults>;
  /** A TCP connection without traffic is closed after this; 8 s, CoreDNS's own, if left out. */
  readonly tcpIdleMs?: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** A running server, and the hand on it. */
export interface FakeDns {
  readonly host: string;
  readonly port: number;
  /** The members that were set last; with a lag, answers may not show them yet. */
  members(): readonly Member[];
  setMembers(members: readonly Member[]): void;
  faults(): Faults;
  /** These faults and no others; `setFaults({})` ends them all. */
  setFaults(faults: Partial<Faults>): void;
  /** Renames the service or changes its ports or TTL; what is left out has its default. */
  setService(service: Partial<ServiceIdentity>): void;
  /** Queries that came in, those without an answer included. */
  queries(): number;
  /** Closes every socket; answers that were delayed are not sent any more. */
  close(): Promise<void>;
}

/**
 * Starts a DNS server that answers as CoreDNS does for one headless service.
 *
 * @throws Failure (configuration) if the address or port cannot be listened on
 */
export async function startFakeDns(settings: FakeDnsSettings): Promise<FakeDns> {
  const { host = "127.0.0.1", clock, log, tcpIdleMs = 8000 } = settings;
  const { udp, tcp, port } = await listen(host, settings.port ?? 0);
  const closing = new AbortController();
  let queries = 0;
  let state = initialState({ ...defaultIdentity, ...settings.service }, settings.members ?? [], {
    ...noFaults,
    ...settings.faults,
  });

  const handle = (bytes: Buffer, transport: "udp" | "tcp", send: (answer: Buffer) => void) => {
    const response = respond(state, clock.now(), queries + 1, bytes, transport);
    if (response.kind === "ignored") return;
    queries += 1;
    if (response.kind === "dropped") return;
    if (response.delayMs === 0) return send(response.bytes);
    clock.sleep(response.delayMs, closing.signal).then(
      () => send(response.bytes),
      () => {},
    );
  };

  udp.on("message", (bytes, { address, port: from }) => {
    if (from === 0) return;
    // A client that is gone by now is no fault of this server.
    handle(bytes, "udp", (answer) => udp.send(answer, from, address, () => {}));
  });
  const connections = new Set<Socket>();
  tcp.on("connection", (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    serveConnection(socket, tcpIdleMs, (bytes, send) => handle(bytes, "tcp", send));
  });
  for (const listener of [udp, tcp]) {
    listener.on("error", (error: unknown) => {
      log("error", `fake DNS on ${hostPort(host, port)}: ${messageOf(error)}`);
    });
  }

  return {
    host,
    port,
    members: () => latestMembers(state),
    setMembers: (members) => {
      const before = state;
      state = withMembers(state, members, clock.now());
      if (state !== before)
        log("info", membersChange(latestMembers(before), members, state.faults));
    },
    faults: () => state.faults,
    setFaults: (faults) => {
      const before = faultsText(state.faults);
      state = withFaults(state, { ...noFaults, ...faults }, clock.now());
      const after = faultsText(state.faults);
      if (after !== before) log("info", `DNS faults: ${after}`);
    },
    setService: (service) => {
      const before = identityText(state.identity);
      state = withIdentity(state, { ...defaultIdentity, ...service });
      const after = identityText(state.identity);
      if (after !== before) log("info", `DNS service: ${after}`);
    },
    queries: () => queries,
    close: async () => {
      if (closing.signal.aborted) return;
      closing.abort();
      for (const socket of connections) socket.destroy();
      await Promise.all([
        new Promise<void>((closed) => udp.close(closed)),
        new Promise<void>((closed) => tcp.close(() => closed())),
      ]);
    },
  };
}
