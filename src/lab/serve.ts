/* The controller's process, in the background. */
import { writeFileSync } from "node:fs";
import { serveControl } from "./control.js";
import { type LabSettings, type RunLabPorts, startLab } from "./lab.js";
import type { Lab } from "./options.js";
import { controllerPaths } from "./pod.js";

export interface ServePorts extends RunLabPorts {
  /** Takes the lab down. */
  readonly signal: AbortSignal;
}

/** Runs a lab until it is taken down. */
export async function serve(lab: Lab, settings: LabSettings, ports: ServePorts): Promise<void> {
  const paths = controllerPaths(lab);
  process.umask(0o022); // the server's account reads what root writes here
  writeFileSync(paths.pid, `${process.pid}\n`, { flag: "wx" });
  const running = await startLab(lab, settings, ports);
  running.listen(({ member, text }) =>
    ports.log("info", member === undefined ? text : `${member} ${text}`),
  );
  const control = await serveControl(paths.socket, running);
  ports.signal.addEventListener("abort", () => void running.down());
  await running.over;
  control.close();
}
