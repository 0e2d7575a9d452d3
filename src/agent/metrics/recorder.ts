import type { Decision } from "../../bootstrap/decide.js";
import type { HookName } from "../../hooks/hook.js";
import type { Sight } from "../../peers/look.js";

/** What the agent counts. */
export interface Recorder {
  looked(sight: Sight, tookMs: number): void;
  decided(action: Decision["action"]): void;
  hookRan(hook: HookName, result: "success" | "failure", tookMs: number): void;
}
