import { expect, test } from "vitest";
import { render } from "../deploy/render.js";
import { checkKeys } from "./manifest-keys.js";

const [statefulSet] = render("base").filter(({ kind }) => kind === "StatefulSet");

test("the manifest's keys are known, others are refused by their path", () => {
  expect(() => checkKeys(statefulSet)).not.toThrow();
  const other = structuredClone(statefulSet);
  other.spec.template.spec.hostNetwork = true;
  other.spec.template.spec.containers[0].livenessProbe = { grpc: { port: 1 } };
  expect(() => checkKeys(other)).toThrow(
    /unknown in the manifest: \S*containers\[0\]\.livenessProbe\.grpc, \S*\.hostNetwork$/,
  );
});
