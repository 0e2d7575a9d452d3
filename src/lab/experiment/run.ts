/* `galera-peers lab experiment …` */
import { availability } from "./availability.js";
import { dataSurvives } from "./data-survives.js";
import { selfHealing } from "./self-healing.js";
import type { ExperimentPlace, ExperimentPorts } from "./trial.js";

export type Experiment =
  | { readonly which: "self-healing" | "data-survives" }
  | { readonly which: "availability"; readonly report: string };

export async function runExperiment(
  experiment: Experiment,
  place: ExperimentPlace,
  ports: ExperimentPorts,
): Promise<void> {
  switch (experiment.which) {
    case "self-healing":
      return selfHealing(place, ports);
    case "data-survives":
      return dataSurvives(place, ports);
    case "availability":
      return availability(place, experiment.report, ports);
    default:
      return experiment satisfies never;
  }
}
