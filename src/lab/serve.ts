/*
 * The controller's process, in the background. Should it die, a shell that waits at the other end
 * of a pipe notices and has the members stopped: whatever ends the controller closes the pipe.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { Clock } from "../system/clock.js";
import type { Log } from "../system/log.js";
import { takeBlock } from "./block.js";
import { startContainer, wipeDisk } from "./container.js";
import { serveControl } from "./control.js";
import { createController } from "./controller.js";
import { hostPort } from "./fake-dns/listen.js";
import { defaultIdentity, serviceName } from "./fake-dns/zone.js";
import type { Lab } from "./options.js";
import {
  controllerPaths,
  domain,
  podAddress,
  podName,
  podPaths,
  searchPath,
  service,
} from "./pod.js";
import { probeServer } from "./readiness.js";
import { memberStatuses } from "./status.js";

export interface ServePorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes the lab down. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  readonly uid: number;
  readonly program: string;
}

/**
 * Runs a lab until it is taken down.
 *
 * @param args further arguments for mariadbd
 */
export async function serve(
  lab: Lab,
  replicas: number,
  args: readonly string[],
  { env, signal, clock, log, uid, program }: ServePorts,
): Promise<void> {
  const paths = controllerPaths(lab);
  process.umask(0o022); // the server's account reads what root writes here
  writeFileSync(paths.pid, `${process.pid}\n`, { flag: "wx" });
  const { block, dns } = await takeBlock(lab.name, replicas, { clock, log });
  const template = { lab, block, args, env, dns: hostPort(dns.host, dns.port) };
  const controller = createController(replicas, {
    clock,
    log,
    start: (ordinal) => startContainer(template, ordinal, { clock, uid, program }),
    probe: (ordinal) => probeServer(podPaths(lab, podName(ordinal)).socket, searchPath(env.PATH)),
    wipe: (ordinal) => wipeDisk(template, ordinal),
    publish: (ordinals) =>
      dns.setMembers(
        ordinals.map((ordinal) => ({
          name: podName(ordinal),
          addresses: [podAddress(block, ordinal)],
        })),
      ),
  });
  const dismiss = watchOver(lab, program);
  const control = await serveControl(paths.socket, controller, () => ({
    ...lab,
    service: serviceName({ ...defaultIdentity, service, namespace: lab.name, domain }),
    dns: template.dns,
    replicas: controller.replicas(),
    members: memberStatuses(controller.pods(), controller.replicas(), block),
  }));
  signal.addEventListener("abort", controller.down);
  await controller.run();
  await dismiss();
  control.close();
  await dns.close();
}

/** `lab reap` once this process is gone without having dismissed the shell. */
function watchOver(lab: Lab, program: string): () => Promise<void> {
  const reap = [process.execPath, program, "lab", "reap", "--dir", lab.dir];
  const shell = spawn("sh", ["-c", 'read -r _ || exec "$@"', "sh", ...reap], {
    detached: true,
    stdio: ["pipe", "inherit", "inherit"],
  });
  shell.stdin.on("error", () => {}); // somebody has ended the shell
  const ended = once(shell, "exit");
  return async () => {
    shell.stdin.end("\n");
    await ended;
  };
}
